"""Numbers of carriers, of other providers, and with transcoding: chosen, layered and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.model.words import SenderType
from mmscheck.ruleset import Config, RuleTable
from tests.support.rule_roots import LIMITS, edit, faults_of, limit, load, make_root, put

TABLES = '[carriers]\ncarriers = "slides-max"\n[providers]\nproviders = "slides-max"\n[text]\n'


def party(name: str, kind: str, *tables: str) -> str:
    country = 'country = "US"\n' if kind == "carrier" else ""
    return f'name = "{name}"\nkind = "{kind}"\n{country}{"".join(tables)}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_root(tmp_path)
    edit(root / "message" / "slide-count.toml", "[text]\n", TABLES)
    own = limit("sender.short-code.slides-max", 5, "slides") + limit(
        "sender.long-code.slides-max", 9, "slides"
    )
    put(root / "limits" / "near.toml", party("Near", "carrier", own))
    put(root / "limits" / "far.toml", party("Far", "carrier"))
    put(root / "limits" / "other.toml", party("Other", "provider", limit("limits.slides-max", 3, "slides")))
    put(root / "limits" / "silent.toml", party("Silent", "provider"))
    return root


def held(root: Path, sender: SenderType | None = None, **options: Any) -> list[tuple[str, int, bool]]:
    params = load(root, sender=sender, **options).rules[0].params
    return [(each.name, each.maximum, each.own) for each in (*params.carriers, *params.providers)]


def test_without_parties_there_are_none(root: Path) -> None:
    assert held(root) == []


def test_a_carriers_own_number_goes_before_the_general_one(root: Path) -> None:
    assert held(root, SenderType.SHORT_CODE, carriers=["near"]) == [("Near", 5, True)]
    assert held(root, SenderType.LONG_CODE, carriers=["near"]) == [("Near", 9, True)]


def test_a_carrier_without_a_number_is_held_to_the_general_one_and_says_so(root: Path) -> None:
    assert held(root, SenderType.TOLL_FREE, carriers=["near", "far"]) == [
        ("Near", 8, False),
        ("Far", 8, False),
    ]


def test_without_a_sender_a_carriers_tightest_number_counts(root: Path) -> None:
    assert held(root, carriers=["near"]) == [("Near", 5, True)]
    put(
        root / "limits" / "near.toml",
        party("Near", "carrier", limit("sender.short-code.slides-max", 11, "slides")),
    )
    assert held(root, carriers=["near"]) == [("Near", 8, False)]


def test_a_provider_has_only_its_own_numbers(root: Path) -> None:
    assert held(root, providers=["silent", "other"]) == [("Other", 3, True)]


def test_a_number_of_another_provider_only_is_known_by_name(root: Path) -> None:
    put(
        root / "limits" / "other.toml",
        party("Other", "provider", limit("limits.body-length-max", 3, "characters")),
    )
    edit(root / "message" / "slide-count.toml", 'providers = "slides-max"', 'providers = "body-length-max"')
    assert held(root, providers=["other"]) == [("Other", 3, True)]
    edit(root / "limits" / "other.toml", '"characters"', '"words"')
    assert "'words' is not the unit of body-length-max, expected 'characters'" in faults_of(root)[0]


def test_every_number_carries_its_source_and_date(root: Path) -> None:
    (found,) = load(root, carriers=["near"]).rules[0].params.carriers
    assert found.source == "a document (checked 2026-11-01)"


def test_a_party_named_twice_counts_once(root: Path) -> None:
    assert len(held(root, carriers=["near", "near"])) == 1
    assert load(root, carriers=["near", "near"]).carriers == ("near",)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (
            {"carriers": ["neer"]},
            "carrier: unknown carrier 'neer', did you mean 'near'? expected one of far, near",
        ),
        ({"carriers": ["other"]}, "carrier: unknown carrier 'other', expected one of far, near"),
        ({"providers": ["near"]}, "provider: unknown provider 'near', expected one of other, silent"),
        ({"carriers": ["default"]}, "carrier: unknown carrier 'default', expected one of far, near"),
        (
            {"config": Config(carriers=("nowhere",))},
            "carrier: unknown carrier 'nowhere', expected one of far, near",
        ),
    ],
)
def test_an_unknown_party_is_a_fault_that_lists_the_known_ones(
    root: Path, options: dict[str, Any], fault: str
) -> None:
    assert faults_of(root, **options) == (fault,)


@pytest.mark.parametrize("name", ["Near Mobile", "nearmobile", "NEAR", "near_mobile"])
def test_a_party_that_is_spelt_in_another_way_is_the_one_that_is_meant(root: Path, name: str) -> None:
    put(root / "limits" / "near.toml", party("Near Mobile", "carrier"))
    (fault,) = faults_of(root, carriers=[name])
    assert fault == f"carrier: unknown carrier {name!r}, did you mean 'near'? expected one of far, near"


@pytest.mark.parametrize("country", ["Canada", "us", "USA", "U"])
def test_a_carriers_country_is_a_code(root: Path, country: str) -> None:
    file = party("Near", "carrier").replace('"US"', f'"{country}"')
    path = put(root / "limits" / "near.toml", file)
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: country: {country!r} is no code of a country, expected two capitals")


def test_the_size_of_a_message_says_which_bytes_it_counts(root: Path) -> None:
    size = limit("limits.message-size-max", 9, "bytes of files")
    put(root / "limits" / "default.toml", LIMITS + size)
    path = put(
        root / "limits" / "near.toml", party("Near", "carrier", size.replace("bytes of files", "bytes"))
    )
    expected = "'bytes' is not the unit of message-size-max, expected 'bytes of files' or 'bytes on the wire'"
    assert faults_of(root) == (f"{path}: limits.message-size-max.unit: {expected}",)
    put(path, party("Near", "carrier", size.replace("of files", "on the wire")))
    load(root)


def test_a_faulty_file_is_not_also_an_unknown_carrier(root: Path) -> None:
    put(root / "limits" / "near.toml", "[[[")
    assert len(faults_of(root, carriers=["near"])) == 1


def test_the_configuration_names_parties_and_flags_go_before_it(root: Path) -> None:
    config = Config(carriers=("far",), providers=("other",), transcoding=True)
    chosen = load(root, config=config)
    assert (chosen.carriers, chosen.providers, chosen.transcoding) == (("far",), ("other",), True)
    chosen = load(root, config=config, carriers=["near"], transcoding=False)
    assert (chosen.carriers, chosen.providers, chosen.transcoding) == (("near",), ("other",), False)


def test_a_number_of_the_configuration_goes_before_a_carriers_own(root: Path) -> None:
    config = Config(rules={"slide-count": RuleTable(params={"maximum": 2})})
    ruleset = load(root, config=config, carriers=["near", "far"])
    params = ruleset.rules[0].params
    assert [(each.maximum, each.own, each.source) for each in params.carriers] == [(2, False, "")] * 2
    assert {override.key for override in ruleset.overrides} == {"maximum", "carriers"}


TRANSCODED = limit("transcoding.slides-max", 12, "slides")


def test_transcoding_is_off_unless_it_is_asked_for(root: Path) -> None:
    put(root / "limits" / "default.toml", LIMITS + TRANSCODED)
    assert load(root).rules[0].params.maximum == 8
    assert load(root, transcoding=True).rules[0].params.maximum == 12
    assert load(root, transcoding=True).limits["slides-max"].value == 12


@pytest.mark.parametrize(
    ("table", "key", "what"),
    [
        (
            limit("transcoding.slides-max", 7, "slides"),
            "slides-max.value",
            "7 is less than without, expected at least 8",
        ),
        (limit("transcoding.slides-max", 9, "pages"), "slides-max.unit", "expected 'slides'"),
        (limit("transcoding.others-max", 9), "others-max", "no number without transcoding"),
        (TRANSCODED.replace("2026", "2999"), "slides-max.checked", "is in the future"),
    ],
)
def test_transcoding_may_only_allow_more(root: Path, table: str, key: str, what: str) -> None:
    path = put(root / "limits" / "default.toml", LIMITS + table)
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: transcoding.{key}: ")
    assert what in fault


def test_transcoding_may_allow_as_much(root: Path) -> None:
    put(root / "limits" / "default.toml", LIMITS + TRANSCODED.replace("12", "8"))
    load(root, transcoding=True)


def test_a_lower_limit_may_not_differ_by_carrier(root: Path) -> None:
    put(root / "limits" / "default.toml", LIMITS + limit("limits.slides-min", 1, "slides"))
    path = put(
        root / "limits" / "near.toml", party("Near", "carrier", limit("limits.slides-min", 2, "slides"))
    )
    assert faults_of(root)[0].startswith(f"{path}: limits.slides-min: a lower limit")


@pytest.mark.parametrize(
    ("old", "new", "key", "what"),
    [
        (
            'carriers = "slides-max"',
            'carriers = "slide-max"',
            "carriers.carriers",
            "did you mean 'slides-max'?",
        ),
        ('carriers = "slides-max"', 'carrier = "slides-max"', "carriers.carrier", "did you mean 'carriers'?"),
        ('carriers = "slides-max"', 'maximum = "slides-max"', "carriers.maximum", "also in limits"),
        ('carriers = "slides-max"', 'minimum = "slides-max"', "carriers.minimum", "also in params"),
        ('carriers = "slides-max"', 'carriers = "body-length-max"', "carriers.carriers", "unknown limit"),
        ('carriers = "slides-max"', 'ratio = "slides-max"', "carriers.ratio", "expected float"),
        ('carriers = "slides-max"', "carriers = 1", "carriers.carriers", "expected a text"),
    ],
)
def test_a_faulty_table_of_a_rule_is_a_fault(root: Path, old: str, new: str, key: str, what: str) -> None:
    path = root / "message" / "slide-count.toml"
    edit(path, old, new)
    faults = faults_of(root)
    assert any(fault.startswith(f"{path}: {key}: ") and what in fault for fault in faults), faults


@pytest.mark.parametrize(
    "options",
    [{"carriers": ["near"]}, {"carriers": ["far"]}, {"providers": ["silent"]}, {"transcoding": True}],
)
def test_the_digest_covers_what_was_asked_for(root: Path, options: dict[str, Any]) -> None:
    assert load(root, **options).digest != load(root).digest
    assert load(root, **options).digest == load(root, **options).digest


def test_the_digest_covers_a_carriers_number(root: Path) -> None:
    before = load(root, carriers=["near"]).digest
    edit(root / "limits" / "near.toml", "value = 5", "value = 6")
    assert load(root, carriers=["near"]).digest != before


def test_the_parameters_with_parties_are_plain_values(root: Path) -> None:
    params = load(root, carriers=["near"], providers=["other"]).rules[0].params
    assert msgspec.json.encode(params)
