"""Facts in, verdict out; and what is done about it.

`parse` reads a policy, `evaluate` judges, both pure. `Gatherer` finds the facts, `PolicyHolder` keeps the file's policy in
force, `admit` and `automatic` apply it to a draft, before and after MultiMail
hears of it. No rule switches off the guard rails in `evaluate.guards`. The lines for
a check-up are in `policy.check`, which nothing else here needs.
"""

from deskgate.desk.policy.admission import Admission, Policies, admit, admit_again, principal_of
from deskgate.desk.policy.automatic import automatic
from deskgate.desk.policy.evaluate import Answer, Step, Verdict, evaluate, explain, guards
from deskgate.desk.policy.facts import Facts, Held, Setter
from deskgate.desk.policy.gather import Gatherer, Source, Unsent
from deskgate.desk.policy.holder import PolicyHolder
from deskgate.desk.policy.records import evaluations_of, finish_leaving
from deskgate.desk.policy.rules import Policy, PolicyError, Rule, parse

__all__ = [
    "Admission",
    "Answer",
    "Facts",
    "Gatherer",
    "Held",
    "Policies",
    "Policy",
    "PolicyError",
    "PolicyHolder",
    "Rule",
    "Setter",
    "Source",
    "Step",
    "Unsent",
    "Verdict",
    "admit",
    "admit_again",
    "automatic",
    "evaluate",
    "evaluations_of",
    "explain",
    "finish_leaving",
    "guards",
    "parse",
    "principal_of",
]
