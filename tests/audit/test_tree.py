"""The tree: what it says is what RFC 6962 says, for every size, and another program agrees."""

import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from pymerkle import InmemoryTree

from deskgate.desk.audit.tree import (
    EMPTY_ROOT,
    Frontier,
    NodeFiles,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)

SIZES = 40
# The leaves of Certificate Transparency's reference tests, and the roots over the first 1 to 8 of them.
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeFiles]:
    with NodeFiles(tmp_path_factory.mktemp("nodes")) as tree:
        tree.extend(leaf_hash(b"record %d" % number) for number in range(SIZES))
        yield tree


def other_hash(one: bytes) -> bytes:
    return sha256(one).digest()


def test_the_reference_roots_of_certificate_transparency() -> None:
    tree = Frontier()
    assert tree.root() == EMPTY_ROOT == sha256(b"").digest()
    for leaf, root in zip(CT_LEAVES, CT_ROOTS, strict=True):
        tree = tree.append(leaf_hash(bytes.fromhex(leaf)))
        assert tree.root().hex() == root


def test_an_independent_program_has_the_same_roots_and_the_same_inclusion_proofs(nodes: NodeFiles) -> None:
    other, ours = InmemoryTree(algorithm="sha256"), Frontier()
    for size in range(1, SIZES + 1):
        other.append_entry(b"record %d" % (size - 1))
        ours = ours.append(leaf_hash(b"record %d" % (size - 1)))
        assert ours.root() == other.get_root() == root_at(size, nodes)
        for index in range(size):
            theirs = other.prove_inclusion(index + 1, size)
            assert theirs.path == [leaf_hash(b"record %d" % index), *inclusion_proof(index, size, nodes)]


def test_inclusion_verifies_for_every_leaf_of_every_size_and_nothing_else_does(nodes: NodeFiles) -> None:
    for size in range(1, SIZES + 1):
        root = root_at(size, nodes)
        for index in range(size):
            proof, leaf = inclusion_proof(index, size, nodes), nodes(0, index)
            assert verify_inclusion(leaf, index, size, proof, root)
            assert not verify_inclusion(other_hash(leaf), index, size, proof, root)
            assert not verify_inclusion(leaf, index, size, proof, other_hash(root))
            assert not verify_inclusion(leaf, index, size, [*proof, root], root)
            assert not verify_inclusion(leaf, (index + 1) % size, size, proof, root) or size == 1
            assert not verify_inclusion(leaf, size, size, proof, root)
            assert not verify_inclusion(leaf, -1, size, proof, root)
            for at in range(len(proof)):
                wrong = [*proof[:at], other_hash(proof[at]), *proof[at + 1 :]]
                assert not verify_inclusion(leaf, index, size, wrong, root)
                assert not verify_inclusion(leaf, index, size, proof[:at] + proof[at + 1 :], root)


def test_a_proof_of_another_size_is_refused(nodes: NodeFiles) -> None:
    for size in range(2, SIZES):
        proof = inclusion_proof(0, size, nodes)
        assert not verify_inclusion(nodes(0, 0), 0, size, proof, root_at(size + 1, nodes))
        assert not verify_inclusion(nodes(0, 0), 0, size + 1, inclusion_proof(0, size + 1, nodes), root_at(size, nodes))


def test_a_proof_that_ends_below_the_root_is_refused(nodes: NodeFiles) -> None:
    for size in range(2, SIZES):
        root = root_at(size, nodes)
        assert not verify_inclusion(root, 0, size, [], root)
        for old in range(1, size):
            proof = consistency_proof(old, size, nodes)
            assert not verify_consistency(old, size * 4, root_at(old, nodes), root, proof)


def test_consistency_verifies_between_all_sizes_and_nothing_else_does(nodes: NodeFiles) -> None:
    for new in range(SIZES + 1):
        for old in range(new + 1):
            proof = consistency_proof(old, new, nodes)
            before, after = root_at(old, nodes), root_at(new, nodes)
            assert verify_consistency(old, new, before, after, proof)
            assert not verify_consistency(old, new, other_hash(before), after, proof)
            assert not verify_consistency(old, new, before, after, [*proof, after])
            assert not verify_consistency(new + 1, new, before, after, proof)
            if 0 < old < new:
                assert not verify_consistency(old, new, before, other_hash(after), proof)
                assert not verify_consistency(old, new, before, after, [])
            for at in range(len(proof)):
                wrong = [*proof[:at], other_hash(proof[at]), *proof[at + 1 :]]
                assert not verify_consistency(old, new, before, after, wrong)
                assert not verify_consistency(old, new, before, after, proof[:at] + proof[at + 1 :])


def test_a_node_does_not_pass_for_a_leaf(nodes: NodeFiles) -> None:
    two = nodes(0, 0) + nodes(0, 1)
    assert leaf_hash(two) != root_at(2, nodes)
    assert not verify_inclusion(leaf_hash(two), 0, 2, inclusion_proof(0, 4, nodes)[1:], root_at(4, nodes))


def test_the_frontier_keeps_one_hash_a_bit_and_survives_its_row() -> None:
    tree = Frontier()
    for number in range(300):
        tree = Frontier.load(tree.size, tree.dump()).append(leaf_hash(b"%d" % number))
        assert len(tree.peaks) == tree.size.bit_count()


@pytest.mark.parametrize(("size", "text"), [(1, ""), (3, "AAAA"), (-1, ""), (0, "A" * 44), (1, "*" * 44)])
def test_a_row_that_is_no_frontier_is_refused(size: int, text: str) -> None:
    with pytest.raises(ValueError, match=r"frontier|base64|Incorrect|padding|alphabet|characters"):
        Frontier.load(size, text)


def test_proofs_of_what_is_not_there_are_refused(nodes: NodeFiles) -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_proof(index, size, nodes)
    with pytest.raises(ValueError, match="no tree"):
        consistency_proof(6, 5, nodes)
    with pytest.raises(ValueError, match="no complete subtree"):
        inclusion_proof(0, SIZES + 1, nodes)


def test_large_trees_at_random(tmp_path: Path) -> None:
    chosen = random.Random(7)
    with NodeFiles(tmp_path) as tree:
        tree.extend(leaf_hash(b"%d" % number) for number in range(5_000))
        assert tree.root() == root_at(5_000, tree)
        for _ in range(150):
            size = chosen.randint(1, 5_000)
            index = chosen.randrange(size)
            proof = inclusion_proof(index, size, tree)
            assert verify_inclusion(tree(0, index), index, size, proof, root_at(size, tree))
            old = chosen.randint(0, size)
            found = consistency_proof(old, size, tree)
            assert verify_consistency(old, size, root_at(old, tree), root_at(size, tree), found)
