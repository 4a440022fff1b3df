from mailguard.app.queue_search import read_search
from mailguard.domain.people import Person
from mailguard.domain.words import PersonList

PEOPLE = (
    Person("P0003", "Harvey Doyle", PersonList.PUPILS, "pupils.csv:4"),
    Person("P0004", "Zoë Doyle-Świątek", PersonList.PUPILS, "pupils.csv:5"),
    Person("S0002", "Priya Nair", PersonList.STAFF, "staff.csv:3"),
)


def found(words: str) -> list[str]:
    return [person.id for person in read_search(words, PEOPLE, year=2026).people]


def test_a_case_number_is_one_in_any_spelling():
    assert read_search(" mg-2026-0147 ", PEOPLE, year=2026).case_ids == ("MG-2026-0147",)
    assert read_search("MG-2025-0001 and MG-2026-12345", PEOPLE, year=2026).case_ids == (
        "MG-2025-0001",
        "MG-2026-12345",
    )


def test_a_number_alone_is_sought_in_the_last_years():
    assert read_search("147", PEOPLE, year=2026).case_ids == ("MG-2026-0147", "MG-2025-0147", "MG-2024-0147")


def test_what_has_an_at_sign_is_an_address_and_nobodys_name():
    sought = read_search("Harvey harvey@inbox.example", PEOPLE, year=2026)
    assert (sought.addresses, sought.people) == (("harvey@inbox.example",), ())


def test_names_are_found_by_the_beginnings_of_all_words_in_any_order_and_spelling():
    assert found("doyle") == ["P0003", "P0004"]
    assert found("DOY har") == ["P0003"]
    assert found("zoe swiatek") == ["P0004"]
    assert found("harvey nair") == []
    assert found("arvey") == []


def test_an_id_is_one_person():
    assert found("s0002") == ["S0002"]


def test_words_are_sought_in_subjects_by_the_beginnings_of_theirs():
    sought = read_search("coach TRIP", PEOPLE, year=2026)
    assert sought.is_empty
    assert sought.has_words("Re: the trip: which coaches?")
    assert not sought.has_words("Re: the trip")
    assert not sought.has_words("")


def test_numbers_addresses_ids_and_blanks_are_not_sought_in_subjects():
    for words in ("MG-2026-0147", "147", "harvey@inbox.example", "s0002", "  ", "!!!"):
        assert not read_search(words, PEOPLE, year=2026).has_words(words)


def test_words_that_fit_nothing_give_nothing_rather_than_everything():
    for words in ("", "   ", "!!!", "nobody of that name", "\0"):
        assert read_search(words, PEOPLE, year=2026).is_empty
