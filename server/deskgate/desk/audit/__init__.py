"""The audit trail: records, their tree, signed checkpoints, an export, and a verifier that needs none of the rest."""
