"""`arauto inbound`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Arauto

SAMPLES = Path(__file__).parents[1] / "mail" / "samples"


def test_classify_prints_one_line_of_json_for_each_file(bare: Arauto) -> None:
    bounce, reply = SAMPLES / "dsn/delayed.eml", SAMPLES / "reply/plain.eml"
    for arguments in ((bounce, reply), ("--json", bounce, reply)):
        ended = bare("inbound", "classify", *arguments)
        first, second = ended.out.splitlines()
        assert (ended.code, ended.err) == (0, "")
        assert json.loads(first) == {"file": str(bounce), **json.loads(bounce.with_suffix(".json").read_text())}
        assert json.loads(second) == {"file": str(reply), **json.loads(reply.with_suffix(".json").read_text())}


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(bare: Arauto, tmp_path: Path) -> None:
    ended = bare("inbound", "classify", tmp_path / "absent.eml", tmp_path, SAMPLES / "reply/plain.eml")
    assert ended.code == 1
    assert [json.loads(line)["kind"] for line in ended.out.splitlines()] == ["reply"]
    assert ended.err.splitlines() == [
        f"{tmp_path}/absent.eml: No such file or directory.",
        f"{tmp_path}: Is a directory.",
    ]


def test_it_needs_a_file(bare: Arauto) -> None:
    assert bare("inbound", "classify").code == 2


def test_it_imports_neither_flask_nor_the_database(tmp_path: Path) -> None:
    code = (
        "import sys; from webapp.cli.inbound import inbound; "
        f"inbound(['classify', {str(SAMPLES / 'reply/plain.eml')!r}], standalone_mode=False)"
    )
    watched = "print({'flask', 'sqlalchemy', 'webapp.services', 'webapp.models'} & set(sys.modules))"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\ntry:\n    {code.replace('import sys; ', '')}\nexcept SystemExit:\n    {watched}",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines()[-1] == "set()"
