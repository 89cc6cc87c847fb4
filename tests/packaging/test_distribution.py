"""What an installer gets: two packages with names of their own, and everything they need inside."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, and the wheel built from it, as an installer does."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _wheel(built: Path) -> zipfile.ZipFile:
    (wheel,) = built.glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_the_wheel_puts_exactly_two_packages_into_site_packages(built: Path) -> None:
    tops = {name.split("/")[0] for name in _wheel(built).namelist()}
    (info,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops - {info} == {"deskgate", "deskgate_tools"}


def test_the_wheel_has_every_source_and_data_file_of_both_packages(built: Path) -> None:
    packed = set(_wheel(built).namelist())
    roots = (ROOT / "server", ROOT / "tools")
    ours = {
        path.relative_to(root).as_posix()
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert any(name.endswith(".sql") for name in ours)
    assert ours <= packed


def test_the_sdist_can_be_worked_on(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"README.md", "LICENSE", "Makefile", "constraints.txt", "scripts/bootstrap", "tests/conftest.py"}
    assert wanted <= names


def test_the_command_of_the_installed_wheel_answers_without_the_checkout(built: Path, tmp_path: Path) -> None:
    _wheel(built).extractall(tmp_path)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "DESKGATE_HOME": str(tmp_path / "home")}
    script = (
        "import sys, deskgate, deskgate_tools; from deskgate.cli import main;"
        f"assert deskgate.__file__.startswith({str(tmp_path)!r}), deskgate.__file__;"
        "sys.exit(main(['doctor', '--sandbox']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_neither_folder_name_of_the_checkout_can_be_imported(built: Path, tmp_path: Path) -> None:
    _wheel(built).extractall(tmp_path)
    for name in ("server", "tools"):
        done = subprocess.run(
            [sys.executable, "-c", f"import {name}"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"No module named '{name}'" in done.stderr


def test_whatever_the_unit_expects_on_the_machine_is_made_in_the_steps_for_it() -> None:
    unit = (ROOT / "examples" / "deskgate@.service").read_text("utf-8")
    steps = (
        (ROOT / "docs" / "deploying.md").read_text("utf-8").split("Once, as root, in a checkout:")[1].split("```")[1]
    )
    expected = ("User=deskgate", "EnvironmentFile=/etc/deskgate/environment", "ExecStart=/opt/deskgate/bin/deskgate ")
    assert all(f"\n{line}" in unit for line in expected)
    for made in (
        "useradd --system",
        "-m venv /opt/deskgate",
        "'.[postgres]'",
        ".env.example /etc/deskgate/environment",
    ):
        assert made in steps
