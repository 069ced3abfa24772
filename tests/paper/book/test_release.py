"""The document that becomes the PDF, and the supplementary archive, on small stand-ins for the site and the project."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from paper import files
from paper.book import kept
from release import archive, document

HEAD = """<head><link rel="stylesheet" href="../_static/paper.css"><script>window.MathJax = {}</script>
<script src="../_static/mathjax/tex-chtml-full.js"></script><script src="../_static/search.js"></script></head>"""
ROOT_PAGE = """<section id="top"><h1>The book<a class="headerlink" href="#top">#</a></h1>
<a href="../notebooks/one.html#summary">one</a><a href="../notebooks/unlisted.html">gone</a><a href="https://example.org">out</a>
<section id="summary"><h2>Summary</h2></section><div class="toctree-wrapper">on the side</div></section>"""
CHAPTER = r"""<section id="one"><h1>One <em>first</em></h1><section id="summary"><h2>At <span class="math">\(\beta\)</span></h2>
<details class="admonition hide above-input"><summary>Show</summary><pre>secret_code()</pre></details>
<details class="screen-only"><summary>The long identities</summary>endless</details><details><summary>Note</summary>said</details>
<img src="../_images/a.svg" loading="lazy" alt="A."><a href="data:text/csv;base64,QQ==">the points</a>
<a href="../_downloads/x.csv">file</a><a href="#summary">here</a><a href="../book/index.html">back</a>
<script>run()</script><noscript>It needs a browser.</noscript></section></section>"""
TOC = "root: book/index\nparts:\n  - caption: Part & parcel\n    chapters:\n      - file: notebooks/one\n"


@pytest.fixture
def site(tmp_path):
    for name, body in (("book/index", ROOT_PAGE), ("notebooks/one", CHAPTER)):
        path = tmp_path / "build" / "html" / f"{name}.html"
        path.parent.mkdir(parents=True)
        path.write_text(f"<html>{HEAD}<body><nav>menu</nav><article class='bd-article'>{body}</article></body></html>")
    (tmp_path / "_toc.yml").write_text(TOC)
    return tmp_path


def assembled(site):
    folder = site / "build" / "print"
    book = document.assemble(site / "build" / "html", site / "_toc.yml", "<p>front</p>", site / "fonts", folder)
    return book, BeautifulSoup(book.html, "lxml")


def test_links_lead_within_the_document_or_out_of_it_or_nowhere(site):
    _, page = assembled(site)
    links = {a.get_text(): a["href"] for a in page.select(".chapter a[href]")}
    assert links == {
        "one": "#page-notebooks-one--summary",
        "out": "https://example.org",
        "here": "#page-notebooks-one--summary",
        "back": "#page-book-index",
    }
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids)) and {href[1:] for href in links.values() if href[0] == "#"} <= set(ids)
    assert "the points" in page.get_text() and "base64" not in str(page)


def test_what_needs_a_screen_is_left_out(site):
    _, page = assembled(site)
    text = page.body.get_text()
    for gone in ("menu", "#", "on the side", "secret_code", "endless", "run()"):
        assert gone not in text
    assert "The long identities: on the site." in text and "It needs a browser." in text
    assert all(details.has_attr("open") for details in page.select("details"))


def test_files_are_found_from_the_documents_folder(site):
    _, page = assembled(site)
    assert page.img["src"] == "../html/_images/a.svg" and "loading" not in page.img.attrs
    assert page.head.link["href"] == "../html/_static/paper.css"
    sources = [script.get("src") for script in page.head.find_all("script")]
    assert "../html/_static/mathjax/tex-chtml-full.js" in sources


def test_the_contents_have_parts_chapters_and_sections(site):
    book, page = assembled(site)

    def tree(entries):
        return [(entry.text, entry.id, tree(entry.below)) for entry in entries]

    assert tree(book.contents) == [
        ("The book", "page-book-index", [("Summary", "page-book-index--summary", [])]),
        ("Part & parcel", "part-1", [
            ("One first", "page-notebooks-one", [(r"At \beta", "page-notebooks-one--summary", [])]),
        ]),
    ]  # fmt: skip
    assert [h.name for h in page.select("#page-notebooks-one :is(h1, h2, h3)")] == ["h1", "h2", "h3"]
    assert [a["href"][1:] for a in page.select(".table-of-contents a")] == [
        "page-book-index", "page-book-index--summary", "part-1", "page-notebooks-one", "page-notebooks-one--summary",
    ]  # fmt: skip
    assert '@top-right { content: "One first" }' in page.style.text


def test_sections_below_a_chapter_of_the_toc_are_pages_too():
    toc = {
        "root": "a",
        "parts": [{"caption": "P", "chapters": [{"file": "b", "sections": [{"file": "c"}]}, {"url": "https://x"}]}],
    }
    assert document.parts(toc) == [("", ["a"]), ("P", ["b", "c"])]


def test_a_page_that_was_not_built_is_missed(site):
    (site / "build" / "html" / "notebooks" / "one.html").unlink()
    with pytest.raises(FileNotFoundError, match="the site has no page notebooks/one.html: run `make book`"):
        assembled(site)


# The archive ----------------------------------------------------------------------------------------------------------

TREE = {
    ".gitignore": "build/\n__pycache__/\n*.egg-info/\n",
    "README.md": "how to run",
    "LICENSE": "MIT",
    "LICENSE-text": "CC BY 4.0",
    "CITATION.cff": "version: 1",
    "results/datapackage.json": "{}",
    "results/a/b.csv": "x\n1\n",
    "src/x.egg-info/PKG-INFO": "ignored",
    "run": "#!/bin/sh\n",
    "build/html/index.html": "<p>site</p>",
    "build/html/_images/é.svg": "<svg/>",
    "build/executed/one.ipynb": "{}",
    f"build/{archive.NAME}.pdf": "%PDF",
}


def project(folder: Path, git: bool = True) -> Path:
    for name, text in TREE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in ("html", "executed/one.ipynb", f"{archive.NAME}.pdf"):
        kept.keep(folder / "build" / name)
    (folder / "run").chmod(0o755)
    if git:
        command = ["git", "-C", folder, "-c", "user.name=n", "-c", "user.email=e"]
        for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "m"]):
            subprocess.run([*command, *arguments], check=True, capture_output=True)
    return folder


def archived(root: Path) -> zipfile.ZipFile:
    archive.make(root, root / "build" / "a.zip")
    return zipfile.ZipFile(root / "build" / "a.zip")


def test_the_archive_is_the_same_whenever_and_wherever_it_is_made(tmp_path):
    first, second = project(tmp_path / "a"), project(tmp_path / "another" / "folder")
    for path in second.rglob("*"):
        if ".git" not in path.parts:
            os.utime(path, (10**9, 10**9))
    (second / "README.md").chmod(0o600)
    archived(first), archived(second)
    assert (first / "build" / "a.zip").read_bytes() == (second / "build" / "a.zip").read_bytes()
    (second / "build" / "html" / "index.html").write_text("<p>other</p>")
    with pytest.raises(ValueError, match="html/index.html is not as it was made"):
        archived(second)
    kept.keep(second / "build" / "html")
    archived(second)
    assert (first / "build" / "a.zip").read_bytes() != (second / "build" / "a.zip").read_bytes()


def test_files_that_are_being_written_or_were_left_do_not_go_into_the_archive(tmp_path):
    root = project(tmp_path, git=False)
    expected = archived(root).namelist()
    with contextlib.ExitStack() as writers:
        for name in ("README.md", "results/a/b.csv"):
            writers.enter_context(files.atomic(root / name)).write_text("half of")
        assert archived(root).namelist() == expected


def test_the_archive_holds_everything_with_checksums_in_order(tmp_path):
    with archived(project(tmp_path)) as file:
        names = [name.removeprefix(f"{archive.NAME}/") for name in file.namelist()]
        assert names == sorted(names) and set(names) == {
            *("CITATION.cff", "LICENSE", "LICENSE-text", "README.md", "SHA256SUMS", f"{archive.NAME}.pdf"),
            *("executed/one.ipynb", "results/a/b.csv", "results/datapackage.json", "site/index.html", "site/_images/é.svg"),
            *(f"source/{name}" for name in TREE if not name.startswith("build/") and "egg-info" not in name),
        }  # fmt: skip
        sums = file.read(f"{archive.NAME}/SHA256SUMS").decode().splitlines()
        read = {name: hashlib.sha256(file.read(f"{archive.NAME}/{name}")).hexdigest() for name in names}
        assert dict(reversed(line.split("  ")) for line in sums) == {n: s for n, s in read.items() if n != "SHA256SUMS"}
        modes = {info.filename.split("/", 1)[1]: info.external_attr >> 16 for info in file.infolist()}
        assert modes.pop("source/run") == 0o100755 and set(modes.values()) == {0o100644}
        assert len({info.date_time for info in file.infolist()}) == 1
        readme = file.read(f"{archive.NAME}/README.md").decode()
    tops = {name.split("/")[0] for name in names} - {"README.md"}
    assert {top for top in tops if f"`{top}" not in readme} == set() and "{" not in readme


def test_the_checksums_can_be_checked_as_the_readme_says(tmp_path):
    with archived(project(tmp_path / "a")) as file:
        file.extractall(tmp_path)
    command = ["sha256sum"] if shutil.which("sha256sum") else ["shasum", "-a", "256"]
    command += ["-c", "--quiet", "SHA256SUMS"]
    done = subprocess.run(command, cwd=tmp_path / archive.NAME, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_no_commit_holds_is_refused(tmp_path):
    root = project(tmp_path)
    (root / "README.md").write_text("changed")
    with pytest.raises(archive.Refused, match="^README.md not committed: commit or remove"):
        archived(root)
    (root / "stray").touch()
    with pytest.raises(archive.Refused, match="^README.md and 1 more not committed"):
        archived(root)
    assert not (root / "build" / "a.zip").exists()


def test_without_git_the_sources_are_all_that_git_would_keep(tmp_path):
    with archived(project(tmp_path / "a")) as with_git, archived(project(tmp_path / "b", git=False)) as without:
        assert with_git.namelist() == without.namelist()
        assert all(with_git.read(name) == without.read(name) for name in with_git.namelist())


@pytest.mark.parametrize(
    "gone, message",
    [(f"build/{archive.NAME}.pdf", r"\.pdf is not there"), ("build/html", "build/html is not there"),
     ("build/executed", "build/executed is not there")],
)  # fmt: skip
def test_what_is_not_built_is_named(gone, message, tmp_path):
    root = project(tmp_path)
    shutil.move(root / gone, tmp_path.parent / f"gone-{tmp_path.name}")
    with pytest.raises(archive.Refused, match=message):
        archived(root)
