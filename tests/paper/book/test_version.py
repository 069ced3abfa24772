import os
import shutil
import subprocess

import pytest

from pacbayes_curvature import __version__
from paper.book import version

ADDRESS = "https://forge.example.org/some/where"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in a repository of its own with one commit of a known day; no forge's CI."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "_config.yml").write_text(f"repository:\n  url: {ADDRESS}/\n")
    monkeypatch.setattr(version, "ROOT", root)
    monkeypatch.setattr(version, "citation", lambda: {"date-released": "2001-02-03"})
    for name in [*filter(lambda name: name.startswith("GIT"), os.environ)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2004-05-06T12:00:00+0000")
    git(root, "init", "--quiet")
    git(root, "add", "_config.yml")
    git(root, "commit", "--quiet", "--message=all")
    return root


def git(root, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize(
    "origin, found",
    [
        ("https://github.com/owner/name.git", "https://github.com/owner/name"),
        ("https://user:secret@github.com/owner/name", "https://github.com/owner/name"),
        ("git@gitlab.com:group/sub.group/name.git", "https://gitlab.com/group/sub.group/name"),
        ("ssh://git@forge.example.org:2222/owner/name/", "https://forge.example.org/owner/name"),
        ("/srv/git/owner/name.git", ADDRESS),
        ("file:///srv/owner/name.git", ADDRESS),
        ("../owner/name", ADDRESS),
        ("C:/owner/name", ADDRESS),
        ("localhost:owner/name", ADDRESS),
    ],
)
def test_the_address_is_the_remotes_if_that_is_a_forges(project, origin, found):
    git(project, "remote", "add", "origin", origin)
    assert version.repository() == found


def test_without_a_remote_it_is_the_planned_one(project):
    assert version.repository() == version.planned() == ADDRESS


def test_the_forges_ci_knows_best(project, monkeypatch):
    git(project, "remote", "add", "origin", "https://github.com/owner/name.git")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "fork/name")
    assert version.repository() == "https://github.com/fork/name"


def test_a_commit_is_named_with_its_own_day(project):
    digest = git(project, "rev-parse", "HEAD")[:10]
    assert version.label() == f"Version {__version__}, commit {digest} of 2004-05-06"
    assert version.branch() == "main"
    (project / "_config.yml").write_text("title: changed\n")
    assert version.label() == f"Version {__version__}, commit {digest} of 2004-05-06 with local changes"


def test_the_tagged_version_has_the_releases_day(project):
    git(project, "tag", f"v{__version__}")
    assert (version.label(), version.branch()) == (f"Version {__version__} of 2001-02-03", f"v{__version__}")
    (project / "_config.yml").write_text("title: changed\n")
    assert version.branch() == "main" and "with local changes" in version.label()


def test_another_tag_is_no_release(project):
    git(project, "tag", f"v{__version__}.1")
    assert not version.released() and version.branch() == "main"


UNKNOWN = f"Version {__version__}, commit unknown: "


def test_without_git_the_commit_is_unknown_and_the_label_not_the_releases(project, monkeypatch):
    git(project, "tag", f"v{__version__}")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: exec("raise FileNotFoundError"))
    assert version.label() == f"{UNKNOWN}git is not installed" and version.branch() == "main"


def test_unpacked_from_an_archive_the_commit_is_unknown(project):
    (project / ".git").rename(project / "away")
    assert version.label() == f"{UNKNOWN}no git repository" and version.repository() == ADDRESS


def test_without_a_commit_it_is_unknown(project):
    shutil.rmtree(project / ".git")
    git(project, "init", "--quiet")
    assert version.label() == f"{UNKNOWN}git gave no answer"


def test_what_git_refuses_is_told_once(project, monkeypatch, capsys):
    """git's own check, as with another owner's folder, for which one would have to be root."""
    version._reason.cache_clear()
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr(version.environment, "own", lambda given: dict(given) | {"GIT_CONFIG_GLOBAL": os.devnull})
    for _ in range(2):
        assert version.label() == f"{UNKNOWN}git refuses a folder of another owner" and version.branch() == "main"
    assert capsys.readouterr().err.count("dubious ownership") == 1


def test_a_hooks_variables_name_no_other_repository(project, monkeypatch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    label = version.label()
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert version.label() == label


def test_signed_commits_are_named_like_others(project):
    label = version.label()
    git(project, "config", "log.showSignature", "true")
    git(project, "config", "gpg.program", "false")
    assert version.label() == label


def test_a_copy_within_another_repository_is_no_part_of_it(project, monkeypatch):
    git(project, "remote", "add", "origin", "https://github.com/owner/name.git")
    (project / "copy").mkdir()
    (project / "copy" / "_config.yml").write_text((project / "_config.yml").read_text())
    monkeypatch.setattr(version, "ROOT", project / "copy")
    assert version.label() == f"{UNKNOWN}no git repository of its own" and version.repository() == ADDRESS
