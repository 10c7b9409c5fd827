from routerd.engines.seating import PATIENCE_S, Grant, Key, Seat, Ticket, next_grant


def seats(*given: Seat) -> dict[Key, Seat]:
    return {seat.key: seat for seat in given}


def test_nobody_waits_nobody_goes() -> None:
    assert next_grant([], seats(Seat("a")), 1, 0.0) is None


def test_an_idle_model_is_used() -> None:
    ticket = Ticket("a", 0.0)
    assert next_grant([ticket], seats(Seat("a")), 1, 0.0) == Grant(ticket)


def test_a_busy_model_is_waited_for() -> None:
    assert next_grant([Ticket("a", 0.0)], seats(Seat("a", busy=True)), 2, 0.0) is None


def test_a_free_place_is_taken() -> None:
    ticket = Ticket("b", 0.0)
    assert next_grant([ticket], seats(Seat("a", busy=True)), 2, 0.0) == Grant(ticket)


def test_the_least_recently_used_idle_model_leaves() -> None:
    old, new = Seat("a", used_s=1.0), Seat("b", used_s=2.0)
    ticket = Ticket("c", 0.0)
    assert next_grant([ticket], seats(new, old), 2, 0.0) == Grant(ticket, old)


def test_a_generating_model_is_never_evicted() -> None:
    everyone = seats(Seat("a", busy=True), Seat("b", busy=True))
    assert next_grant([Ticket("c", 0.0)], everyone, 2, PATIENCE_S * 10) is None


def test_requests_for_the_loaded_model_overtake_a_swap() -> None:
    swap, same = Ticket("b", 0.0), Ticket("a", 1.0)
    assert next_grant([swap, same], seats(Seat("a")), 1, 2.0) == Grant(same)


def test_a_swap_is_not_overtaken_for_ever() -> None:
    loaded = Seat("a")
    swap, same = Ticket("b", 0.0), Ticket("a", 1.0)
    assert next_grant([swap, same], seats(loaded), 1, PATIENCE_S + 1) == Grant(swap, loaded)


def test_an_impatient_swap_takes_no_busy_place_and_blocks_no_free_model() -> None:
    swap, same = Ticket("c", 0.0), Ticket("b", 1.0)
    everyone = seats(Seat("a", busy=True), Seat("b"))
    grant = next_grant([swap, same], everyone, 2, PATIENCE_S + 1)
    assert grant == Grant(swap, everyone["b", False])
