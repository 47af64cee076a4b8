"""The key file: made once, readable by its owner alone, refused when it holds no key."""

from pathlib import Path

import pytest

from daybook.server.secret import KEY_BYTES, server_key


def test_without_a_file_every_process_has_its_own() -> None:
    assert len(server_key(None)) == KEY_BYTES
    assert server_key(None) != server_key(None)


def test_a_file_is_made_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "key"
    key = server_key(file)
    assert server_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "00", "not hexadecimal", "0" * 66])
def test_a_file_without_a_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    with pytest.raises(ValueError):
        server_key(file)
