from models.training.common_words import FEWEST, common_words
from models.training.rows import Origin, Row


def row(text: str, origin: Origin = "real") -> Row:
    return Row(text, 0, None, None, "repo", origin, "real", 1.0)


def test_words_of_enough_english_prompts_are_counted_once_a_prompt_most_used_first() -> None:
    rows = [row(f"add add the parser {n}") for n in range(FEWEST)]
    rows += [row("the end")] * (FEWEST - 1)
    assert common_words(rows) == ["the", "add", "parser"]


def test_prompts_in_other_languages_and_what_scores_or_is_made_do_not_count() -> None:
    rows = [row("arregla el analizador porque falla")] * FEWEST
    rows += [row("修复 parser")] * FEWEST
    rows += [row("fix the parser", "held_out"), row("fix the parser", "constructed")] * FEWEST
    assert common_words(rows) == []
