"""What Zenodo asks about an upload, from CITATION.cff: `make cite` writes .zenodo.json."""

import json
from pathlib import Path

from paper.book import version as edition
from paper.files import atomic


def zenodo() -> dict:
    """The content of .zenodo.json: fields of Zenodo's deposit metadata. It takes one licence, so the other is in `notes`."""
    about = edition.citation()
    (paper,) = about["references"]
    code, text = about["license"]
    (author,) = paper["authors"]
    return {
        "upload_type": "software",
        "title": about["title"],
        "description": about["abstract"],
        "creators": [{"name": author["name"]} for author in about["authors"]],
        "version": about["version"],
        "publication_date": about["date-released"],
        "access_right": "open",
        "license": code.lower(),
        "keywords": about["keywords"],
        "language": "eng",
        "notes": f"{about['message']} The code is under {code}, the text, the figures and the results under {text}.",
        "references": [f"{author['name']} ({paper['year']}). {paper['title']}. {paper['notes']}."],
        "related_identifiers": [
            {
                "identifier": about["repository-code"],
                "relation": "isSupplementTo",
                "scheme": "url",
                "resource_type": "software",
            }
        ],
    }


def write() -> Path:
    """Write .zenodo.json."""
    path = edition.ROOT / ".zenodo.json"
    with atomic(path) as part:
        part.write_text(json.dumps(zenodo(), indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(f"wrote {write()}")
