"""What the experiments' digests follow: edits of a copy of the packages, and which experiments each makes stale."""

import ast
import random
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from paper import digest, names
from paper.digest import NOT_DIGESTED, PACKAGES, POSTERIORS, Closure
from paper.digest.effects import Code

SOURCES = Path(digest.__file__).parents[2]
THREE = {POSTERIORS: ("baseline", "diag", "layerwise")}
ALL = set(names.EXPERIMENTS)
SWEEPS = {"accuracy_vs_complexity", "sensitivity"}
PLANES = {*SWEEPS, "quadratic"}
NOISY = {*PLANES, "two_minima"}
CERTIFIED = {"certificates", "rivals", "data_prior"}
BOUNDED = {*SWEEPS, "two_minima", *CERTIFIED, "lower_bound"}
METHOD, EXPERIMENTS, NETWORKS = "pacbayes_curvature", "paper/experiments", "paper/networks"

STALE = {
    "the bound": (f"{METHOD}/bounds.py", "(2 * n)).sqrt()", "(2 * n + 1)).sqrt()", BOUNDED),
    "the bound's default delta": (f"{METHOD}/bounds.py", "kl, n, delta=0.05", "kl, n, delta=0.01", BOUNDED),
    "what the bound refuses": (f"{METHOD}/bounds.py", "require(kl >= 0", "require(kl > 0", BOUNDED),
    "the border's dtype": (f"{METHOD}/_arrays.py", "a.to(device, torch.float64)", "a.to(device, torch.float32)", {*BOUNDED, "holdout"}),
    "the posterior's variance": (f"{METHOD}/posteriors.py", "return lam / (1 +", "return lam / (2 +", {*NOISY, *CERTIFIED}),
    "a property of a class": (f"{METHOD}/posteriors.py", "self.basis.shape[1] <", "self.basis.shape[1] <=", {*NOISY, *CERTIFIED}),
    "a posterior": (f"{METHOD}/posteriors.py", "np.diag(moment)", "2 * np.diag(moment)", {*PLANES, "certificates"}),
    "a posterior's need": (f"{METHOD}/posteriors.py", "eigenvectors=True", "eigenvectors=False", {*PLANES, "certificates"}),
    "the registry's key": (f"{METHOD}/posteriors.py", "POSTERIORS[curvature.__name__]", "POSTERIORS[title]", ALL),
    "a registry filled by hand": (f"{METHOD}/posteriors.py", "METHODS =", 'POSTERIORS["diag"] = baseline\nMETHODS =', ALL),
    "its divergence": (f"{METHOD}/posteriors.py", "np.log1p(t) - t", "np.log1p(t) + t", {*PLANES, "certificates"}),
    "the lattice of a front": (f"{EXPERIMENTS}/accuracy_vs_complexity/family.py", "STEPS = 200", "STEPS = 100", {"accuracy_vs_complexity"}),
    "strata": (f"{METHOD}/gibbs/strata.py", "STRATA = ", "STRATA = 1 + ", {"accuracy_vs_complexity"}),
    "the eigenvectors that count": (f"{METHOD}/gibbs/local_reparametrisation.py", "TOLERANCE = ", "TOLERANCE = 2 * ", {*NOISY, "certificates"}),
    "the last layer's noise": (f"{METHOD}/gibbs/outcomes.py", "SLICES = ", "SLICES = 2 * ", {*BOUNDED, "quadratic"}),
    "the curvature": (f"{METHOD}/curvature/second_moments.py", "BLOCK = ", "BLOCK = 2 * ", ALL - {"training_run", "two_minima", "holdout"}),
    "a certificate of two moments": (f"{METHOD}/floors.py", "FREE_NATS = ", "FREE_NATS = 2 * ", {"lower_bound"}),
    "a layer's output": (f"{METHOD}/networks.py", ".relu", ".tanh", ALL),
    "a name's meaning": (f"{EXPERIMENTS}/accuracy_vs_complexity/compute.py", "import complexity\n", "import kl_inverse as complexity\n", {"accuracy_vs_complexity"}),
    "another library": (f"{METHOD}/posteriors.py", "import numpy as np", "import torch as np", {*NOISY, *CERTIFIED}),
    "the levels": (f"{EXPERIMENTS}/grid.py", "0.95", "0.9", {"accuracy_vs_complexity"}),
    "the explored examples": (f"{EXPERIMENTS}/grid.py", "EXPLORED = 4096", "EXPLORED = 8192", SWEEPS),
    "the grid": (f"{EXPERIMENTS}/grid.py", "RANGE = (1e-5", "RANGE = (1e-6", NOISY),
    "a label of the noise": (f"{EXPERIMENTS}/lower_bound/compute.py", '"sampled labels"', '"labels"', {"lower_bound"}),
    "one of two in an assignment": (f"{EXPERIMENTS}/lower_bound/compute.py", "FLAT = 0.01", "FLAT = 0.02", {"lower_bound"}),
    "a dataclass's method": (f"{EXPERIMENTS}/lower_bound/compute.py", "variance @ self.costs", "variance @ self.costs * 2", {"lower_bound"}),
    "the margin of the plane": (f"{EXPERIMENTS}/two_minima/compute.py", "MARGIN = 0.25", "MARGIN = 0.5", {"two_minima"}),
    "the changes": (f"{EXPERIMENTS}/sensitivity/compute.py", '"width": (1 / 3', '"width": (1 / 4', {"sensitivity"}),
    "what Minimum hands out": (f"{NETWORKS}/minimum.py", "else [None]", "else [0]", {*PLANES, "certificates"}),
    "a recipe's default": (f"{NETWORKS}/sources.py", "momentum: float = 0.9", "momentum: float = 0.8", ALL),
    "a recipe": (f"{NETWORKS}/sources.py", "batch_size=512, cycle_epochs=40", "batch_size=256, cycle_epochs=40", ALL),
    "a recipe, from outside": (f"{NETWORKS}/training.py", "NEARLY_ALL =", "Recipe.momentum = 0.8\nNEARLY_ALL =", ALL),
    "the error that is caught": (f"{NETWORKS}/training.py", "raise NotInterpolating", "raise RuntimeError", ALL - {"holdout", "data_prior"}),
    "a decorator less": (f"{NETWORKS}/training.py", "@torch.no_grad()\n", "", ALL - {"holdout", "data_prior"}),
    "the random bits": ("paper/randomness.py", ">> 1", ">> 2", ALL),
    "when a seed is refused": ("paper/randomness.py", "if seed < 0", "if seed <= 0", ALL),
    "the state of torch": ("paper/randomness.py", "import torch\n", "import torch\n\ntorch.set_default_dtype(torch.float64)\n", ALL),
    "the state of torch, in the method": (f"{METHOD}/__init__.py", "__version__ =", "import torch\ntorch.set_num_threads(1)\n__version__ =", ALL),
}  # fmt: skip

POSTERIOR = '''@posterior("Twice", colour="#000000", marker="x")
def twice(moment: np.ndarray, spectrum: Spectrum | None) -> tuple[np.ndarray, None]:
    """The diagonal, twice."""
    return 2 * np.diag(moment), None


METHODS ='''
VALID = {
    "a bound more": (f"{METHOD}/bounds.py", "def complexity(", "def seeger(q, n):\n    return kl_bernoulli(q, 1 / n)\n\n\ndef complexity("),
    "a bound that only a chapter shows": (f"{METHOD}/bounds.py", "(risk + half).sqrt() + half.sqrt()", "risk + half"),
    "a posterior more": (f"{METHOD}/posteriors.py", "METHODS =", POSTERIOR),
    "a posterior's title and colour": (f"{METHOD}/posteriors.py", '"Diag Hessian", colour="#D55E00"', '"Diagonal", colour="#000000"'),
    "a loss that only a chapter shows": (f"{METHOD}/posteriors.py", "(variances(layer, lam, beta) @ layer.curvature)", "1"),
    "an error's message": (f"{METHOD}/posteriors.py", "one beta for each lam is needed", "a beta for each lam"),
    "an annotation": ("paper/randomness.py", "seed: int", "seed: float"),
    "an annotation's alias": (f"{EXPERIMENTS}/lower_bound/compute.py", "Classifiers = Callable[[np.ndarray]", "Classifiers = Callable[[float]"),
    "a docstring": (f"{METHOD}/pareto.py", "Mask (n,) of the points that no other", "Those that no other"),
    "a comment": (f"{NETWORKS}/training.py", "# whether all answers are right", "# whether no answer is wrong"),
    "what a front's readers interpolate": (f"{METHOD}/pareto.py", "right=np.nan", "right=0"),
    "what reads the data, which their fingerprint checks": (f"{NETWORKS}/readers.py", "% 5 == 0", "% 5 == 1"),
    "where the data were looked for, in words": (f"{NETWORKS}/readers.py", "The book itself needs no data", "The book needs none"),
    "what a table's readers take from it": (f"{EXPERIMENTS}/two_minima/compute.py", '_part(result, "fact")', '_part(result, "facts")'),
    "a figure": (f"{EXPERIMENTS}/accuracy_vs_complexity/figure.py", "import", "X = 1\nimport"),
    "words": (f"{EXPERIMENTS}/lower_bound/words.py", "import", "X = 1\nimport"),
    "a chapter's mathematics": ("paper/theory/prior/measured.py", "import", "X = 1\nimport"),
    "what keeps results": ("paper/results/records.py", "import", "X = 1\nimport"),
    "how tables are compared": ("paper/results/compare.py", "import", "X = 1\nimport"),
    "what describes the tables": ("paper/results/package.py", "import", "X = 1\nimport"),
    "atomic files": ("paper/files.py", "import", "X = 1\nimport"),
    "the command line": ("paper/__main__.py", "import", "X = 1\nimport"),
    "a door more": (f"{METHOD}/__init__.py", "__version__ =", "from pacbayes_curvature.bounds import kl_inverse\n\n__version__ ="),
    "an experiment more": ("paper/names.py", "EXPERIMENTS = {", 'EXPERIMENTS = {\n    "more": {},'),
    "a data set more": ("paper/names.py", "DATASETS = {", 'DATASETS = {\n    "mnist3": Merged("mnist", 3),'),
}  # fmt: skip


def digests(sources):
    """Each experiment's, for the paper's three posteriors, from the packages in this folder."""
    code = Code(sources, PACKAGES, NOT_DIGESTED)
    roots = {name: f"paper.experiments.{name}.compute.{name}" for name in names.EXPERIMENTS}
    return {name: digest.digest(root, of=THREE, code=code) for name, root in roots.items()}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the packages; after an edit, each file is put back."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    return shutil.copytree(SOURCES, tmp_path_factory.mktemp("copy") / "src", ignore=ignored)


@pytest.fixture(scope="module")
def unedited(copy):
    return digests(copy)


def stale(copy, unedited, path, text):
    """The experiments that become stale when the file at `path` has this text."""
    before = (copy / path).read_text()
    assert text != before
    try:
        (copy / path).write_text(text)
        now = digests(copy)
    finally:
        (copy / path).write_text(before)
    return {name for name in names.EXPERIMENTS if now[name] != unedited[name]}


def edited(path, old, new):
    text = (SOURCES / path).read_text()
    assert old in text, f"{path} has no {old!r}: the edit is to be another"
    return text.replace(old, new, 1)


@pytest.mark.parametrize("path, old, new, expected", STALE.values(), ids=STALE)
def test_an_edit_that_changes_numbers_makes_their_experiments_stale(path, old, new, expected, copy, unedited):
    assert stale(copy, unedited, path, edited(path, old, new)) == expected


@pytest.mark.parametrize("path, old, new", VALID.values(), ids=VALID)
def test_an_edit_that_changes_none_leaves_all_valid(path, old, new, copy, unedited):
    assert stale(copy, unedited, path, edited(path, old, new)) == set()


def test_each_posterior_has_its_own(copy):
    """So the rows of the others stay valid when one is changed."""
    code, path = Code(copy, PACKAGES, NOT_DIGESTED), f"{METHOD}/posteriors.py"
    root = "paper.experiments.accuracy_vs_complexity.compute.accuracy_vs_complexity"

    def each(code):
        return {method: digest.digest(root, of={POSTERIORS: (method,)}, code=code) for method in THREE[POSTERIORS]}

    before, kept = each(code), (copy / path).read_text()
    try:
        (copy / path).write_text(edited(path, "np.diag(moment)", "2 * np.diag(moment)"))
        after = each(Code(copy, PACKAGES, NOT_DIGESTED))
    finally:
        (copy / path).write_text(kept)
    assert {method for method in before if before[method] != after[method]} == {"diag"}


# Any number, any operator -----------------------------------------------------------------------------------------------

OTHER = {ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.Div: "*", ast.Pow: "*", ast.Lt: ">", ast.Gt: "<", ast.Eq: "!="}


def mutations(node, source):
    """The text of a module with another number or operator in a statement, as (start, end, text) for each: not in what does
    not count, nor in f-strings, whose parts have no place of their own in all Pythons."""
    skipped = [getattr(each, name, None) for each in ast.walk(node) for name in ("annotation", "returns")]
    skipped += [each for each in ast.walk(node) if isinstance(each, (ast.JoinedStr, ast.Raise))]
    inside = {below for each in skipped if each for below in ast.walk(each)}
    lines = [0]
    for line in source.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    for each in ast.walk(node):
        if each in inside:
            continue
        if isinstance(each, ast.Constant) and type(each.value) in (int, float):
            start, end = (lines[each.lineno - 1] + each.col_offset, lines[each.end_lineno - 1] + each.end_col_offset)
            yield start, end, repr(each.value + 1)
        elif isinstance(each, (ast.BinOp, ast.Compare)):
            right, op = (each.right, each.op) if isinstance(each, ast.BinOp) else (each.comparators[0], each.ops[0])
            left = each.left
            start, end = lines[left.end_lineno - 1] + left.end_col_offset, lines[right.lineno - 1] + right.col_offset
            if type(op) in OTHER and not set(b"()\n") & set(source.encode()[start:end]):
                yield start, end, f" {OTHER[type(op)]} "


def definitions():
    """(experiment, module's file, definition) of all that is reached."""
    code = Code(SOURCES, PACKAGES, NOT_DIGESTED)
    for name in names.EXPERIMENTS:
        reached = Closure(code, [f"paper.experiments.{name}.compute.{name}"], THREE)
        for module in reached.modules.values():
            path = SOURCES.joinpath(*module.name.split("."))
            path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            for statement in module.statements:
                if statement in reached.statements:
                    yield name, path.relative_to(SOURCES), statement.node


def test_a_number_or_an_operator_changed_anywhere_counts(copy, unedited):
    draw = random.Random(0)
    for name, path, node in draw.sample(list(definitions()), 40):
        source = (SOURCES / path).read_text()
        if found := list(mutations(node, source)):
            start, end, text = draw.choice(found)
            mutant = (source.encode()[:start] + text.encode() + source.encode()[end:]).decode()
            assert name in stale(copy, unedited, path, mutant), f"{path}, line {node.lineno}: {text} at {start}"


# In use ------------------------------------------------------------------------------------------------------------------


def test_it_reads_text_only_and_is_fast():
    """Neither torch nor what is digested is imported; all experiments take two to three times as long as parsing all the code once does."""
    script = """
        import ast, sys, time
        from pathlib import Path
        from paper import digest
        started = time.process_time()
        for name in sys.argv[1:]:
            digest.of_experiment(name)
        digested = time.process_time() - started
        for path in Path(digest.__file__).parents[2].rglob("*.py"):
            ast.parse(path.read_bytes())
        print(digested / (time.process_time() - started - digested))
        print(*(name for name in sys.modules if name.startswith(("torch", "numpy", "pacbayes", "paper.experiments"))))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), *names.EXPERIMENTS]
    ratio, imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:2]
    assert imported == "" and float(ratio) < 6


def test_of_modules_is_of_whole_modules(copy):
    code, path = Code(copy, PACKAGES), f"{METHOD}/bounds.py"
    kept = (copy / path).read_text()
    before = digest.digest("pacbayes_curvature.bounds", code=code)
    try:
        (copy / path).write_text(edited(*VALID["a bound that only a chapter shows"]))
        assert digest.digest("pacbayes_curvature.bounds", code=Code(copy, PACKAGES)) != before
    finally:
        (copy / path).write_text(kept)
    assert digest.of_modules("pacbayes_curvature.bounds") == before != digest.of_modules()
