"""The top of a report: the verdict, the counts, when and by which rules, and what was let past them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mmscheck.base.text import count
from mmscheck.model.campaign import CampaignResult
from mmscheck.model.report import Report
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.model.waiver import WaiverState, WaiverUse
from mmscheck.report.finding_words import OWNERS, leave
from mmscheck.report.html.finding import CLASSES
from mmscheck.report.html.markup import NOTHING, Markup, Part, code, cut, cut_url, join, said, tag
from mmscheck.report.layout import Style
from mmscheck.report.rollup import HostTally, Rollup
from mmscheck.report.run_words import campaign_sentence, decision, decision_word, unlooked
from mmscheck.report.view import View

MOST = 50
"""Lines of one list that are shown."""

_STATES = {
    WaiverState.USED: "let through",
    WaiverState.UNUSED: "not used: it matches no finding; correct or remove it",
    WaiverState.EXPIRED: "expired: it lets nothing through; remove or renew it",
    WaiverState.REFUSED: "refused: nobody can waive this; remove it",
}


_ENDED = {
    SendStatus.ACCEPTED: "This message passed, and the provider accepted it",
    SendStatus.REFUSED: "This message passed, but the provider refused it",
    SendStatus.UNKNOWN: "This message passed; whether the provider took it is not known",
    SendStatus.NOT_ATTEMPTED: "This message passed, but was not handed to the provider",
}
"""The headline after a call: "may go out" would invite a second one."""


def top(view: View, tables: Rollup) -> Markup:
    """The banner with the verdict, and the facts of the run."""
    word, style = decision_word(view.verdict, offline=view.offline)
    banner = tag(
        "div",
        tag("h1", tag("span", word, class_="word"), " ", tag("span", _headline(view, tables))),
        tag("p", tag("bdi", cut(_sentence(view)))),
        _call(view),
        class_=f"banner {_colour(view, style)}",
    )
    return tag("header", banner, _facts(view, tables), *_notes(view))


def _colour(view: View, style: Style) -> str:
    """The banner's class: what was permitted and then went wrong must not look well."""
    return "doubt" if style is Style.GOOD and view.verdict.exit_code else CLASSES[style]


def _call(view: View) -> Markup:
    """How the send or campaign ended: that is the news, and stands with the verdict."""
    if view.campaign is not None:
        told = said(campaign_sentence(view.campaign))
        return tag("p", tag("strong", "Campaign ", said(view.campaign.name, 200)), ": ", told)
    return tag("p", tag("strong", "Send"), ": ", _send(view.send)) if view.send is not None else NOTHING


def _headline(view: View, tables: Rollup) -> str:
    if not tables.messages:
        return "No message was checked"
    if view.offline:
        if tables.unit == "file":
            return (
                f"{count(tables.messages, 'file')}: {tables.passed:,} can be used, {tables.denied:,} cannot"
            )
        return f"{tables.passed:,} of {count(tables.messages, tables.unit)} passed offline"
    if tables.messages == 1:
        return _alone(view) if tables.passed else "This message may not go out"
    if tables.passed == tables.messages:
        return f"All {tables.messages:,} messages may go out"
    return f"{tables.denied:,} of {tables.messages:,} messages may not go out"


def _alone(view: View) -> str:
    """The headline of the one message, which passed: what became of it, once it was sent."""
    if view.campaign is not None:
        taken = view.campaign.accepted + view.campaign.recorded
        return f"This message passed, and was accepted for {taken:,} of {count(view.campaign.rows, 'row')}"
    return _ENDED[view.send.status] if view.send is not None else "This message may go out"


def _sentence(view: View) -> str:
    told = decision(view)
    return told[:1].upper() + told[1:]


def _facts(view: View, tables: Rollup) -> Markup:
    report = view.report
    media = len({ref.url for message in report.heads for ref in message.media})
    idle = sum(each.media for each in unlooked(report))
    split = f" ({tables.passed:,} passed, {tables.denied:,} denied)" if tables.messages > 1 else ""
    facts: dict[str, Part] = {
        f"{tables.unit.title()}s": f"{tables.messages:,}{split}",
        "Media": f"{count(media, 'distinct file')}{f', {idle:,} not looked at' if idle else ''}",
        "Checked": said(_moment(report.started), 60),
        "Took": f"{report.duration_ms / 1_000:,.1f} s",
        "Profile": said(report.profile + (", strict: warnings block" if report.strict else ""), 100),
        "Rules": f"{len(report.rules):,}",
        **({"Configuration": said(report.configuration, 400)} if report.configuration else {}),
        "Exit status": str(view.verdict.exit_code),
    }
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()]
    return tag("dl", *rows, class_="facts")


def _moment(started: str) -> str:
    """The start of the run to the second: ``2026-11-23 09:30:00 UTC``."""
    day, mark, time = started.partition("T")
    return f"{day} {time[:8]} UTC" if mark and started.endswith("Z") else started


def bottom(report: Report) -> Markup:
    """What made the report, and the digest of everything that can change a verdict."""
    digest = tag("code", cut(report.ruleset_digest, 100))
    made = f"mmscheck {cut(report.tool_version, 40)}, profile {cut(report.profile, 100)}, rules "
    return tag("footer", tag("p", made, digest))


def _notes(view: View) -> Iterator[Markup]:
    report = view.report
    if view.campaign is not None:
        yield _note("Rows of the campaign to look at", _campaign(view.campaign))
    yield _note("Not read", [said(each) for each in report.unread])
    yield _note("Not checked, because the run ended before", [said(each) for each in report.not_checked])
    yield _note("Where this run may differ from the provider", [said(each) for each in report.allowances])
    yield _note("Waivers", [_waiver(use) for use in view.verdict.waivers[:MOST]], len(view.verdict.waivers))
    yield _note("Changed rules", [_override(each) for each in report.overrides[:MOST]], len(report.overrides))
    if view.verdict.reasons:
        yield _note("The gate also says", [said(each) for each in view.verdict.reasons[:MOST]])


def _note(title: str, lines: list[Markup], total: int | None = None) -> Markup:
    if not lines:
        return NOTHING
    kept = lines[:MOST]
    more = (len(lines) if total is None else total) - len(kept)
    return tag(
        "section",
        tag("h2", title),
        tag("ul", *(tag("li", each) for each in kept), tag("li", f"and {more:,} more") if more > 0 else None),
        class_="note",
    )


def _send(result: SendResult) -> Markup:
    facts = {"Tracking id": result.tracking_id, "MMS id": result.mms_id, "Provider code": result.error_code}
    told = [join(f" {name}: ", tag("code", cut(value, 200)), ".") for name, value in facts.items() if value]
    return join(tag("strong", result.status.value.replace("-", " ")), ": ", said(result.detail), *told)


def _campaign(result: CampaignResult) -> list[Markup]:
    """The rows worth a look."""
    rows = [
        join(
            tag("strong", note.fate.value.replace("-", " ")),
            f": line {note.line:,}, to ",
            said(note.to, 60),
            ": ",
            said(note.detail),
        )
        for note in result.notes[: MOST - 1]
    ]
    more = result.more + len(result.notes) - len(rows)
    rest = [join(f"and {count(more, 'more row')}; the row log lists every one")] if more else []
    return [*rows, *rest]


def _waiver(use: WaiverUse) -> Markup:
    waiver = use.waiver
    scope = {
        "in": waiver.source and cut(waiver.source, 200),
        "on slide": waiver.slide and str(waiver.slide),
        "for": waiver.url and cut_url(waiver.url),
    }
    where = "".join(f" {word} {value}" for word, value in scope.items() if value)
    about = f"{_STATES[use.state]} ({count(use.matches, 'finding')}; {leave(waiver)})"
    return join(tag("code", cut(waiver.rule, 100)), tag("bdi", where), ": ", tag("bdi", cut(about)))


def _override(change: dict[str, object]) -> Markup:
    rule, key, old, new, by = (
        cut(str(change.get(name, "?")), 200) for name in ("rule", "key", "old", "new", "by")
    )
    return join(tag("code", rule), tag("bdi", f", {key}: {old} → {new} (by {by})"))


MOST_RULES = 4
"""Rules that are named beside a server."""


def first_steps(tables: Rollup) -> Markup:
    """For runs of several messages: what to mend first, by server, rule and owner."""
    if tables.messages < 2 or not (tables.hosts or tables.rules):  # noqa: PLR2004 - one message says it itself
        return NOTHING
    hosts = [_host(host) for host in tables.hosts[:10]]
    return tag(
        "section",
        tag("h2", "What to mend first"),
        tag("ul", *hosts, _more(len(tables.hosts) - len(hosts), "server")) if hosts else None,
        tag("div", tag("div", _owners(tables)), tag("div", _rules(tables)), class_="tallies"),
        class_="first",
    )


def _host(host: HostTally) -> Markup:
    rules = ", ".join(host.rules[:MOST_RULES]) + (" and more" if len(host.rules) > MOST_RULES else "")
    blocked = f" It blocks {count(host.messages, 'message')} ({rules})."
    return tag("li", "Fix ", tag("bdi", code(host.host, 200)), f": {_gain(host.alone, host.unsure)}", blocked)


def _gain(alone: int, unsure: int) -> str:
    if not alone:
        return "no message passes by this alone."
    doubt = f" ({unsure:,} of them not certain)" if unsure else ""
    return f"{count(alone, 'message passes', 'messages pass')}{doubt}."


def _more(number: int, what: str) -> Part:
    return tag("li", f"and {count(number, f'more {what}')}") if number > 0 else None


def _owners(tables: Rollup) -> Part:
    if not tables.owners:
        return None
    rows = [
        (
            OWNERS[each.owner] if each.owner else "not clear",
            f"{each.messages:,}",
            f"{each.alone:,}",
            f"{each.findings:,}",
        )
        for each in tables.owners
    ]
    return _table("By who can fix it", ("Who", "Blocks messages", "Pass if mended", "Places"), rows)


def _rules(tables: Rollup) -> Part:
    rows = [
        (each.rule, "blocks" if each.blocks else "advises", f"{each.messages:,}", f"{each.findings:,}")
        for each in tables.rules[:15]
    ]
    more = len(tables.rules) - len(rows)
    shown = _table("By rule", ("Rule", "Effect", "Messages", "Places"), rows)
    return join(shown, tag("p", f"and {count(more, 'more rule')}") if more > 0 else None) if rows else None


def _table(title: str, heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Markup:
    return tag(
        "table",
        tag("caption", title),
        tag("thead", tag("tr", *(tag("th", each, scope="col") for each in heads))),
        tag(
            "tbody",
            *(
                tag("tr", tag("th", cut(first, 120), scope="row"), *(tag("td", each) for each in rest))
                for first, *rest in rows
            ),
        ),
        class_="tally",
    )
