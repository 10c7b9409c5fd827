"""Tells turns that only steer an agent ("yes", "continue", "2") from turns that ask something.

Judges words, never a model's reading: such a turn has no task of its own, it goes on with the
session's.
"""

import re

MAX_WORDS = 8
MAX_CHARACTERS = 80

_STEERING_WORDS = """
    yes y yep yeah yup yea aye ok okay k sure fine good great nice perfect cool awesome excellent
    right correct exactly agreed approve approved lgtm thanks thank you thx ty please pls
    no n nope nah stop wait cancel abort never mind nevermind
    continue proceed go ahead on going carry keep resume retry again try next move forward
    do it that this so them both all of the these those with and or then now just for let lets us
    let's we i'd prefer like take choose pick use option options number choice answer
    first second third fourth last one two three four five a b c d e done ready sounds looks
"""
# The same in the languages most prompts come in. Chinese and Japanese have no spaces: what stands
# between two marks is one word.
_STEERING_ABROAD = """
    sí si vale dale claro bien bueno perfecto listo gracias sigue seguí continúa continua continuar
    continúe adelante hazlo procede de acuerdo para espera cancela siguiente primero segunda opción
    sim pode beleza ótimo otimo obrigado obrigada segue siga prossiga prosseguir não nao isso manda
    ver próximo proximo primeira
    oui ouais merci parfait vas y allez suivant suivante d'accord non stop poursuis
    ja jawohl nein weiter mach mache gut genau passt danke bitte nächster nächstes einverstanden klar
    si certo grazie perfetto continua vai avanti procedi no
    evet hayır hayir tamam devam et teşekkürler olur
    да нет ага угу ок окей давай хорошо отлично спасибо дальше продолжай продолжить продолжи
    верно согласен стоп первый второй
    好 好的 好吧 好滴 可以 可以的 行 行的 嗯 嗯嗯 是 是的 对 对的 没问题 同意 确认 确定 谢谢 多谢 不 不用
    不要 继续 请继续 继续吧 接着来 下一步 下一个 开始 开始吧 执行 执行吧 再来 再试 再试一次 重试 停 停止 取消 等一下
    第一个 第二个 第三个 方案一 方案二 收到 明白 繼續 可以繼續 對 沒問題 謝謝
    はい うん いいえ 了解 了解です お願い お願いします 続けて 続けてください 次 次へ 進めて 進めてください ありがとう
    ありがとうございます 大丈夫 大丈夫です いいね いいよ 完璧 やめて 中止
    네 예 응 아니 아니요 좋아 좋아요 계속 계속해 계속해줘 진행해 진행해줘 고마워 감사합니다 감사 오케이 ㅇㅇ ㅇㅋ 다음
"""  # noqa: RUF001  # Russian letters that look like Latin ones are Russian letters here.
_STEERING_SET = frozenset(f"{_STEERING_WORDS} {_STEERING_ABROAD}".split())
_WORD = re.compile(r"(?:[^\W\d_]|')+|\d+")


def is_steering(ask: str) -> bool:
    """Whether `ask` (wrappers already off) says nothing but go on, stop, or which option.

    An empty ask is steering too: it holds nothing to classify.
    """
    if len(ask) > MAX_CHARACTERS:
        return False
    words = _WORD.findall(ask.lower().replace("\u2019", "'"))
    if not words:
        return not any(character.isalpha() for character in ask)
    if len(words) > MAX_WORDS or "?" in ask:
        return False
    return all(word in _STEERING_SET or word.isdigit() for word in words)
