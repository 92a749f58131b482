"""Words of a command line as a Config: key=value, read as the type of the field's default."""
import dataclasses

from buffon import _buffon


def known(word, words, what):
    """The word, or a ValueError that names the nearest one."""
    if word not in words:
        raise ValueError(f"unknown {what} '{word}'{_buffon._suggestion(word, list(words))}")
    return word


def configured(config_class, settings, small=False):
    """A Config with ``key=value`` settings applied; values are read as the type of the field's default."""
    config = config_class.small() if small else config_class()
    fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    changes = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ValueError(f"--set must be KEY=VALUE, got '{setting}'")
        known(key, fields, "key")
        changes[key] = _read(key, text, type(fields[key]))
    return dataclasses.replace(config, **changes)


def _read(key, text, kind):
    if kind is str:
        return text
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{key} must be true or false, got '{text}'")
        return text.lower() == "true"
    try:
        value = kind(text) if kind is not int or "e" not in text.lower() else float(text)
        if value != kind(value):
            raise ValueError
        return kind(value)
    except ValueError:
        names = {int: "an integer", float: "a number"}
        raise ValueError(f"{key} must be {names.get(kind, kind.__name__)}, got '{text}'") from None
