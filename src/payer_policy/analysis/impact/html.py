"""An impact as one HTML file, to read, print and sign: no script, and nothing from elsewhere.

Whatever stands in it is escaped: a claim number is what somebody typed.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Final

from payer_policy.analysis.impact.chart import flow_chart
from payer_policy.analysis.impact.model import (
    CHANGE_KINDS,
    SHOWN,
    Because,
    Change,
    Example,
    Impact,
    Tally,
    share,
    total,
)
from payer_policy.analysis.impact.told import (
    HEADINGS,
    NAMES,
    SAYS,
    billed,
    dollars,
    headline,
    number,
    reason_lines,
    rejects_told,
    services,
)
from payer_policy.determination.words import day, one_line

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_FILES: Final = 30
_FEW: Final = 2


def impact_html(impact: Impact) -> str:
    """The whole page."""
    title = "Impact of a change of policies on past claims"
    body = [
        f'<header><p class="over">{title}</p><h1>{_text(headline(impact))}</h1>',
        _about(impact),
        "</header>",
        _tiles(impact),
    ]
    if impact.everything.services:
        body.append(_flow(impact))
    for kind in CHANGE_KINDS:
        if changes := impact.of_kind(kind):
            whole = total(change.tally for change in changes)
            body.append(
                f"<section><h2>{HEADINGS[kind]}</h2>"
                f"<p>{services(whole.services)}, billed {_text(billed(whole))}. The largest amount "
                "first, then the most services.</p>"
            )
            body += [_change(impact, change) for change in changes[:SHOWN]]
            if len(changes) > SHOWN:
                rest = total(change.tally for change in changes[SHOWN:])
                body.append(
                    f"<p>… and {number(len(changes) - SHOWN)} more kinds of change "
                    f"({services(rest.services)}, billed {_text(billed(rest))}). "
                    "They are in the matrix above, and one by one in the JSON report.</p>"
                )
            body.append("</section>")
    if impact.changes:
        body.append(_reasons(impact))
    body += [_method(impact), _SIGNATURE]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _text(value: str) -> str:
    return html.escape(one_line(value))


# --- the top -------------------------------------------------------------------------------------


def _about(impact: Impact) -> str:
    rows = [("Old", _version(impact.old.folder, impact.old.hash))]
    rows.append(("New", _version(impact.new.folder, impact.new.hash)))
    if impact.policy is not None:
        rows.append(("Policy", f"<code>{_text(impact.policy)}</code>, and no other"))
    files = [f"<code>{_text(path)}</code>" for path in impact.inputs[:_FILES]]
    more = len(impact.inputs) - len(files)
    rest = f" and {number(more)} more files" if more else ""
    records = f"{number(impact.records)} record{'' if impact.records == 1 else 's'}"
    rows.append(("Claims", f"{records} of {', '.join(files)}{rest}"))
    if rejected := rejects_told(impact):
        rows.append(("Rejected", "<br>".join(map(_text, rejected))))
    if impact.skipped:
        said = [f"<code>{_text(path)}</code>: {_text(why)}" for path, why in impact.skipped]
        rows.append(("Skipped", "<br>".join(said)))
    return (
        '<dl class="about">'
        + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
        + "</dl>"
    )


def _version(folder: str, hash_: str) -> str:
    return f'<code>{_text(folder)}</code> <span class="hash">hash {_text(hash_)}</span>'


def _tiles(impact: Impact) -> str:
    everything, changed = impact.everything, impact.changed
    others = total(
        one.tally for kind in CHANGE_KINDS if kind != "decision" for one in impact.of_kind(kind)
    )
    tiles = [
        ("services compared", number(everything.services), f"billed {billed(everything)}", ""),
        (
            "get another decision",
            number(changed.services),
            f"{share(changed.services, everything.services)} % of all",
            "hot" if changed.services else "",
        ),
        ("billed for these", _amount(changed), _unknown(changed), ""),
        (
            "the same decision, for other reasons or units",
            number(others.services),
            f"billed {billed(others)}" if others.services else "none",
            "",
        ),
    ]
    return (
        '<ul class="tiles">'
        + "".join(
            f'<li class="{kind}"><b>{_text(value)}</b><span>{_text(name)}</span>'
            f"<small>{_text(more)}</small></li>"
            for name, value, more, kind in tiles
        )
        + "</ul>"
    )


def _amount(tally: Tally) -> str:
    known = tally.unknown < tally.services or not tally.services
    return dollars(tally.billed) if known else "not known"


def _unknown(tally: Tally) -> str:
    return f"not known for {services(tally.unknown)}" if tally.unknown else "known for all of them"


# --- the flow and the matrix ---------------------------------------------------------------------


def _flow(impact: Impact) -> str:
    return (
        "<section><h2>From old decision to new decision</h2>"
        f"<figure>{flow_chart(impact)}<figcaption>Gray: the decision stays. Colored: it changes, "
        "in the color of the new decision. The height is the number of services; what would be "
        "too thin to see is drawn thicker.</figcaption></figure>"
        f"{_matrix(impact)}</section>"
    )


def _matrix(impact: Impact) -> str:
    shown = impact.shown_decisions
    heads = "".join(f'<th scope="col">{_badge(one)}</th>' for one in shown)
    rows = []
    for old in shown:
        tallies = [impact.cells.get((old, new), Tally()) for new in shown]
        cells = "".join(
            _cell(tally, "stays" if old == new else "moved")
            for new, tally in zip(shown, tallies, strict=True)
        )
        rows.append(
            f'<tr><th scope="row">{_badge(old)}</th>{cells}{_cell(total(tallies), "sum")}</tr>'
        )
    columns = [total(impact.cells.get((old, new), Tally()) for old in shown) for new in shown]
    cells = "".join(_cell(one, "sum") for one in (*columns, total(columns)))
    return (
        '<div class="wide"><table class="matrix"><caption>Services by decision, with what was '
        "billed: old in rows, new in columns</caption>"
        f'<thead><tr><th scope="col">old \\ new</th>{heads}<th scope="col">all, old</th></tr></thead>'
        f'<tbody>{"".join(rows)}</tbody><tfoot><tr><th scope="row">all, new</th>{cells}</tr></tfoot>'
        "</table></div>"
    )


def _cell(tally: Tally, kind: str) -> str:
    if not tally.services:
        return '<td class="none">–</td>'
    return f'<td class="{kind}">{number(tally.services)}<small>{_text(billed(tally))}</small></td>'


def _badge(decision: str) -> str:
    return f'<span class="badge d-{decision}">{_text(NAMES[decision])}</span>'


# --- changes -------------------------------------------------------------------------------------


def _change(impact: Impact, change: Change) -> str:
    key, tally = change.key, change.tally
    part = share(tally.services, impact.everything.services)
    name = _badge(key.old)
    if key.old != key.new:
        name += (
            f' <span aria-hidden="true">→</span><span class="heard"> to </span> {_badge(key.new)}'
        )
    lines = [*_because("−", "no longer", key.went, impact), *_because("+", "now", key.came, impact)]
    reasons = "".join(lines) or "<li>the same reasons, on other lines or for other units</li>"
    examples = "".join(map(_example, change.examples))
    if examples:
        examples = f"<details open><summary>Examples</summary>{examples}</details>"
    return (
        f'<article class="change"><h3>{name} <span class="much">{services(tally.services)} '
        f"({part} %), billed {_text(billed(tally))}</span></h3>"
        f'<div class="bar" aria-hidden="true"><i style="width:{part}%"></i></div>'
        f'<ul class="because">{reasons}</ul>{examples}</article>'
    )


def _because(mark: str, heard: str, reasons: Sequence[Because], impact: Impact) -> Iterator[str]:
    kind = "went" if mark == "−" else "came"
    for line in reason_lines(reasons):
        # Of many rules the titles stand in the table of all reasons.
        few = len(line.rules) <= _FEW
        rules = ", ".join(_rule(rule, impact if few else None) for rule in line.rules)
        codes = f" <b>{_text(line.codes)}</b>" if line.codes else ""
        yield (
            f'<li class="{kind}"><span class="sign" aria-hidden="true">{mark}</span>'
            f'<span class="heard">{heard}: </span>{_text(line.verb)} {rules}{codes}</li>'
        )


def _rule(rule: str, impact: Impact | None) -> str:
    title = None if impact is None else impact.titles.get(rule)
    said = f" <q>{_text(title)}</q>" if title else ""
    return f"<code>{_text(rule)}</code>{said}"


def _example(example: Example) -> str:
    named = example.claim_id or f"record {number(example.record)}"
    amount = "billed not known" if example.billed is None else dollars(example.billed)
    about = " · ".join((example.code or "no code", day(example.service_date), amount))
    sides = "".join(
        f"<dt>{name}</dt><dd>{_badge(side.decision)} {_text(side.sentence)}"
        + (f' <span class="hash">{_text(side.policy)}</span>' if side.policy else "")
        + "</dd>"
        for name, side in (("old", example.old), ("new", example.new))
    )
    return (
        f'<div class="example"><p><b>{_text(named)}</b> <span>{_text(about)}</span></p>'
        f"<dl>{sides}</dl></div>"
    )


def _reasons(impact: Impact) -> str:
    rows = []
    for one, went, came in impact.reasons():
        rule = _rule(one.rule, impact) if one.rule else "no single rule"
        rows.append(
            f'<tr><th scope="row">{rule}</th><td class="says">{_text(SAYS.get(one.says, one.says))}</td>'
            f"{_cell(went, 'moved')}{_cell(came, 'moved')}</tr>"
        )
    return (
        "<section><h2>Every reason that went or came</h2>"
        '<div class="wide"><table><caption>On how many services that changed each reason stands no '
        "longer, and on how many it now stands</caption><thead><tr>"
        '<th scope="col">rule</th><th scope="col" class="says">says</th><th scope="col">no longer</th>'
        f'<th scope="col">now</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div></section>'
    )


# --- the end -------------------------------------------------------------------------------------


def _method(impact: Impact) -> str:
    return (
        "<section><h2>How to read this</h2><ul>"
        "<li>Both versions decided the same records, each record whole, by the rules in force on its "
        "own date of service. A service is the lines of one code on one day; services are matched by "
        "code and day.</li>"
        "<li>Billed is the exact sum of the charges of a service’s lines; it is not known where a "
        "line has no charge. A service that two policies decide counts once for each of them. "
        "What was billed is not what is paid.</li>"
        "<li><b>pend</b>: held for review or for information. <b>partial</b>: lines differ, or fewer "
        "units are allowed. <b>no policy</b>: nothing is decided. <b>rejected</b>: this version "
        "cannot read or decide the record, the other one can.</li>"
        "<li>Reasons are rules with their codes. A sentence that was only reworded is no change.</li>"
        f"<li>Made by payer-policy {_text(impact.product)}. The same folders and claims give the "
        "same file, byte for byte; a hash names the state of a folder.</li></ul></section>"
    )


_SIGNATURE: Final = (
    '<section class="sign"><h2>Sign-off</h2><div><p>Reviewed by</p><p>Role</p><p>Date</p>'
    "<p>Signature</p></div><p>☐ The change may go into force &emsp; ☐ Sent back, see notes</p>"
    "</section>"
)

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #57606a; --line: #d8dee4;
  --card: #f6f8fa; --stay: #c9d1d9; --hot: #fff4e5; --approve: #1a7f37; --deny: #c11f33;
  --pend: #9a6700; --partial: #7a3fc7; --no_policy: #57606a; --rejected: #0b6e8a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9ea7b3;
  --line: #30363d; --card: #161b22; --stay: #3d444d; --hot: #2d2212; --approve: #56d364;
  --deny: #ff8b82; --pend: #e3b341; --partial: #c297ff; --no_policy: #9ea7b3;
  --rejected: #5fc9e8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
.over { margin: 0; color: var(--soft); letter-spacing: .02em; }
h1 { font-size: 1.9rem; line-height: 1.25; margin: .25rem 0 1.25rem; text-wrap: balance; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; padding-bottom: .35rem;
  border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .5rem; font-weight: 600; }
code { font: .88em/1.4 ui-monospace, SFMono-Regular, Consolas, monospace; overflow-wrap: anywhere; }
.about { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
.about dt, .example dt { color: var(--soft); } dd { margin: 0; min-width: 0; }
.hash { color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem;
  list-style: none; padding: 0; margin: 1.75rem 0 0; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .8rem 1rem; }
.tiles .hot { background: var(--hot); border-color: var(--pend); }
.tiles b { display: block; font-size: 1.5rem; line-height: 1.3; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums; }
.tiles span, .tiles small { display: block; } small { color: var(--soft); font-size: .8rem; }
figure { margin: 1rem 0 1.5rem; } figcaption, caption { color: var(--soft); font-size: .875rem;
  text-align: left; padding: .25rem 0 .5rem; }
.flow { width: 100%; height: auto; display: block; }
.flow text { fill: var(--ink); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.flow .name { font-weight: 600; } .flow .head, .flow .count { fill: var(--soft); font-size: 12px; }
.flow .stays { fill: var(--stay); opacity: .55; } .flow .changes { opacity: .7; }
.d-approve { fill: var(--approve); --c: var(--approve); } .d-deny { fill: var(--deny); --c: var(--deny); }
.d-pend { fill: var(--pend); --c: var(--pend); } .d-partial { fill: var(--partial); --c: var(--partial); }
.d-no_policy { fill: var(--no_policy); --c: var(--no_policy); }
.d-rejected { fill: var(--rejected); --c: var(--rejected); }
.badge { color: var(--c); border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .55rem;
  font-size: .82rem; font-weight: 600; white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; }
th { font-weight: 600; } tbody th, tfoot th, th:first-child, td.says, th.says { text-align: left; }
tbody th q { font-weight: 400; } td small { display: block; } .none { color: var(--soft); }
.matrix .moved { background: var(--hot); font-weight: 600; } .sum { background: var(--card); }
q { color: var(--soft); }
.change { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; margin: 1rem 0; }
.much { font-weight: 400; margin-left: .35rem; }
.bar { height: .4rem; border-radius: .2rem; background: var(--card); overflow: hidden; }
.bar i { display: block; height: 100%; min-width: 2px; background: var(--ink); }
.because { list-style: none; padding: 0; margin: .75rem 0; } .because li { margin: .2rem 0; }
.because .sign { display: inline-block; width: 1.1rem; font-weight: 700; }
summary { cursor: pointer; color: var(--soft); }
.example { border-left: 3px solid var(--line); padding: .1rem 0 .1rem .8rem; margin: .7rem 0; }
.example p { margin: 0 0 .25rem; overflow-wrap: anywhere; } .example p span { color: var(--soft); }
.example dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem .7rem; margin: 0; }
section.sign div { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem 2rem; }
section.sign div p { border-bottom: 1px solid var(--ink); padding-bottom: 1.6rem; margin: 0;
  color: var(--soft); }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media (max-width: 46rem) { .tiles { grid-template-columns: 1fr 1fr; } h1 { font-size: 1.5rem; } }
@media print { main { max-width: none; padding: 0; } body { font-size: 10.5pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  tfoot { display: table-row-group; }
  .example, .tiles li, figure, tr, section.sign { break-inside: avoid; } h2, h3 { break-after: avoid; } }
"""
