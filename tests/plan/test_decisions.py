"""`portcheck-plan.toml`: strict reading, careful writing, and what changed since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portcheck.pack import Finding, pack
from portcheck.plan.changes import ItemChange, Stale, Told, changes
from portcheck.plan.decisions import Decision, Decisions, Status, read, stamped, write
from portcheck.plan.effort import Span
from portcheck.plan.model import Category, ItemKind, Plan, WorkItem
from portcheck.source.place import Place
from portcheck.symbolic.verdict import Verdict
from portcheck.targets import RuleDataError, targets
from portcheck.targets.text import Text

ONE, TWO = "0123456789abcdef", "fedcba9876543210"
FILE = """\
# our decisions
schema = 1

[[decision]]   # the big one
for = 'kernel:ns::dispatch'
status = "ported"
reason = '''merged
as !214'''

[[decision]]
reason = "inputs are padded by the caller"  # see issue 7
status = "false-positive"
for = "0123456789abcdef"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "portcheck-plan.toml"
    file.write_text(text, "utf-8")
    return file


class TestReading:
    def test_all_keys(self, tmp_path: Path) -> None:
        found = read(written(tmp_path, FILE))
        assert [d.subject for d in found] == ["kernel:ns::dispatch", ONE]
        assert found.of(ONE) == Decision(ONE, Status.FALSE_POSITIVE, "inputs are padded by the caller")
        assert found.of("nothing") is None

    def test_no_file_is_no_decision(self, tmp_path: Path) -> None:
        assert len(read(tmp_path / "portcheck-plan.toml")) == 0

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('"false-positive"', '"wrong"', "12: decision[2].status: is 'wrong'; there are todo,"),
            ('"inputs are padded by the caller"', '" "', "11: decision[2].reason: must be a string with"),
            ('for = "0123456789abcdef"', "", "10: decision[2].for: missing"),
            (
                '"0123456789abcdef"',
                '"kernel:ns::dispatch"',
                "13: decision[2].for: kernel:ns::dispatch is dec",
            ),
            ("as !214'''", "as !214'''\nfingerprint = \"x\"", "9: decision[1].fingerprint: must be 16"),
            ("as !214'''", "as !214'''\nstate = 1", "9: decision[1].state: unknown key; there are for,"),
            ("schema = 1", "schema = 2", "2: schema: is 2; this portcheck reads 1"),
            ("schema = 1", "schema = 1\nitems = 2", "3: items: unknown key"),
            ("schema = 1", "schema = ", "2: not TOML"),
        ],
    )
    def test_mistakes_name_file_and_line(self, tmp_path: Path, old: str, new: str, said: str) -> None:
        file = written(tmp_path, FILE.replace(old, new))
        with pytest.raises(RuleDataError) as caught:
            read(file)
        assert str(caught.value).startswith(f"{file}:{said}")

    def test_one_table_is_not_a_list(self, tmp_path: Path) -> None:
        with pytest.raises(RuleDataError, match="each under"):
            read(written(tmp_path, '[decision]\nfor = "a"\n'))


class TestWriting:
    def test_comments_order_and_spelling_stay(self, tmp_path: Path) -> None:
        file = written(tmp_path, FILE)
        decisions = stamped(read(file), {"kernel:ns::dispatch": TWO})
        assert write(file, [*decisions, Decision("host:a.cpp", Status.TODO, "next sprint")])
        text = file.read_text("utf-8")
        first, second = FILE.split("as !214'''\n")
        assert text.startswith(f"{first}as !214'''\nfingerprint = \"{TWO}\"\n")
        assert second in text
        assert read(file).of("host:a.cpp") == Decision("host:a.cpp", Status.TODO, "next sprint")

    def test_what_is_up_to_date_is_not_touched(self, tmp_path: Path) -> None:
        file = written(tmp_path, FILE)
        assert not write(file, read(file))
        assert file.read_text("utf-8") == FILE

    def test_decisions_that_are_not_given_stay(self, tmp_path: Path) -> None:
        file = written(tmp_path, FILE)
        write(file, [Decision(ONE, Status.ACCEPTED, "measured")])
        assert [d.status for d in read(file)] == [Status.PORTED, Status.ACCEPTED]
        assert "# see issue 7" in file.read_text("utf-8")

    def test_a_new_file_explains_itself(self, tmp_path: Path) -> None:
        file = tmp_path / "portcheck-plan.toml"
        decision = Decision("kernel:a", Status.DEFERRED, 'odd "text" \\ with\nlines')
        assert write(file, [decision])
        assert file.read_text("utf-8").startswith("# Decisions on the migration plan.")
        assert list(read(file)) == [decision]

    def test_nothing_to_say_makes_no_file(self, tmp_path: Path) -> None:
        file = tmp_path / "portcheck-plan.toml"
        assert not write(file, [])
        assert not file.exists()

    def test_windows_line_ends_stay(self, tmp_path: Path) -> None:
        file = tmp_path / "portcheck-plan.toml"
        file.write_bytes(FILE.replace("'''merged\nas !214'''", "'merged'").replace("\n", "\r\n").encode())
        write(file, [Decision(ONE, Status.ACCEPTED, "measured")])
        assert b"# our decisions\r\nschema = 1\r\n" in file.read_bytes()

    def test_a_file_with_mistakes_is_not_touched(self, tmp_path: Path) -> None:
        file = written(tmp_path, "schema = 3\n")
        with pytest.raises(RuleDataError):
            write(file, [Decision("a", Status.TODO, "b")])
        assert file.read_text("utf-8") == "schema = 3\n"

    def test_an_empty_table_list_is_filled(self, tmp_path: Path) -> None:
        file = written(tmp_path, "# nothing yet\n")
        write(file, [Decision("kernel:a", Status.TODO, "soon")])
        assert file.read_text("utf-8").startswith("# nothing yet\n")
        assert len(read(file)) == 1


def finding(identity: str, verdict: Verdict = Verdict.VIOLATED) -> Finding:
    rule = replace(pack()[0], message=Text("is there", "在此"))
    place = Place("a.cu", 0, 1, 1, 1, 1, 2)
    return Finding(rule, place, "", ((targets()[0].name, verdict),), {}, identity=identity)


def item(
    name: str,
    fingerprint: str,
    category: Category = Category.DIRECT,
    findings: tuple[Finding, ...] = (),
) -> WorkItem:
    text = Text("", "")
    return WorkItem(
        f"kernel:{name}", ItemKind.KERNEL, name, None, fingerprint, category, text, None, text, findings, (),
        None,
    )  # fmt: skip


def plan(*items: WorkItem) -> Plan:
    return Plan(targets()[0], {i.id: i for i in items}, (), (), (), (), *[Span(0, 0)] * 4)


GONE = {
    "identity": "f2", "code": "MTE001", "verdict": "violated", "place": {"path": "a.cu", "line": 7},
    "detail": "was there",
}  # fmt: skip
BEFORE: dict[str, Any] = {
    "items": [
        {"id": "kernel:a", "category": "direct", "fingerprint": ONE, "findings": [{"identity": "f1"}]},
        {"id": "kernel:gone", "category": "direct", "fingerprint": ONE, "findings": [GONE]},
        {"id": "kernel:b", "category": "direct", "fingerprint": ONE, "findings": []},
    ]
}
NONE = Decisions({})


class TestChanges:
    def test_the_first_time(self) -> None:
        found = changes(None, plan(item("a", ONE, findings=(finding("f1"),))), NONE)
        assert found.first
        assert [found.new_items, found.gone_items, found.changed_items, found.new_findings] == [()] * 4

    def test_new_gone_and_changed(self) -> None:
        kept = item("a", TWO, findings=(finding("f1"), finding("f3")))
        now = plan(kept, item("b", ONE, Category.REDESIGN), item("new", ONE))
        found = changes(BEFORE, now, NONE)
        assert (found.new_items, found.gone_items) == (("kernel:new",), ("kernel:gone",))
        assert found.changed_items == (
            ItemChange("kernel:a", True, "direct", "direct"),
            ItemChange("kernel:b", False, "direct", "redesign"),
        )
        assert [told.identity for told in found.new_findings] == ["f3"]
        assert found.gone_findings == (Told("f2", "MTE001", "a.cu:7", "was there"),)

    def test_nothing_changed(self) -> None:
        gone = item("gone", ONE, findings=(finding("f2"),))
        found = changes(BEFORE, plan(item("a", ONE, findings=(finding("f1"),)), item("b", ONE), gone), NONE)
        assert not any(getattr(found, name) for name in found.__slots__)

    def test_what_holds_now_is_gone_and_what_held_is_new(self) -> None:
        held = {**BEFORE["items"][0], "findings": [{"identity": "f1", "verdict": "holds"}]}
        found = changes({"items": [held]}, plan(item("a", ONE, findings=(finding("f1"),))), NONE)
        assert [told.identity for told in found.new_findings] == ["f1"]
        now = plan(item("a", ONE, findings=(finding("f1", Verdict.HOLDS),)))
        assert [
            told.identity for told in changes({"items": BEFORE["items"][:1]}, now, NONE).gone_findings
        ] == ["f1"]

    def test_another_target_is_named_and_its_findings_are_not_compared(self) -> None:
        before = {"target": {"name": "another"}, **BEFORE}
        found = changes(before, plan(item("a", TWO, Category.REDESIGN)), NONE)
        assert found.target_before == "another"
        assert found.changed_items == (ItemChange("kernel:a", True, "redesign", "redesign"),)
        assert (found.new_findings, found.gone_findings) == ((), ())

    def test_findings_are_compared_only_if_both_have_identities(self) -> None:
        bare = {"id": "kernel:a", "findings": [{"code": "MTE001"}]}
        found = changes({"items": [bare]}, plan(item("a", ONE, findings=(finding("f1"),))), NONE)
        assert [found.new_findings, found.gone_findings, found.changed_items] == [(), (), ()]

    @pytest.mark.parametrize("items", [None, 3, [3], [{"name": "no id"}], {"a": 1}])
    def test_a_document_that_somebody_wrote_into(self, items: object) -> None:
        found = changes({"items": items, "target": 3}, plan(item("a", ONE)), NONE)
        assert found.new_items == ("kernel:a",)

    def test_code_that_changed_after_it_was_ported(self) -> None:
        ported = Decision("kernel:a", Status.PORTED, "done", ONE)
        decisions = Decisions({ported.subject: ported})
        assert changes(BEFORE, plan(item("a", TWO)), decisions).stale == (
            Stale("kernel:a", ported, ONE, TWO),
        )
        assert changes(BEFORE, plan(item("a", ONE)), decisions).stale == ()

    def test_a_stamp_is_not_renewed_by_itself(self) -> None:
        ported = Decision("kernel:a", Status.PORTED, "done", ONE)
        todo = Decision("kernel:b", Status.TODO, "again", ONE)
        found = stamped(Decisions({d.subject: d for d in (ported, todo)}), {"kernel:a": TWO, "kernel:b": TWO})
        assert [d.fingerprint for d in found] == [ONE, ""]

    def test_decisions_on_what_is_no_more(self) -> None:
        listed = [Decision(s, Status.TODO, "x") for s in ("kernel:a", "kernel:old", ONE, TWO)]
        now = plan(item("a", ONE, findings=(finding(ONE),)))
        orphans = changes(BEFORE, now, Decisions({d.subject: d for d in listed})).orphans
        assert [d.subject for d in orphans] == ["kernel:old", TWO]
