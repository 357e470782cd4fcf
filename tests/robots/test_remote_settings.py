"""Fleet files: everything wrong is named, with file, key and value, before anything is connected."""

import pytest

from robots.remote.settings import SettingsError, read_fleet_file

ARM = {
    "name": '"left"',
    "host": '"robot1"',
    "user": '"robot"',
    "key": '"key"',
    "known_hosts": '"hosts"',
    "command": '"agent"',
}
LIMITS = {"workspace": "[-0.3, -0.2, 0.3, 0.2]", "max_speed": "0.2", "longest": "0.3", "half_width": "0.01"}


def arm(limits=None, **changed):
    lines = [f"{key} = {value}" for key, value in (ARM | changed).items() if value is not None]
    if limits is not None:
        lines += ["[arm.limits]", *(f"{key} = {value}" for key, value in (LIMITS | limits).items() if value)]
    return "[[arm]]\n" + "\n".join(lines) + "\n"


@pytest.fixture
def write(tmp_path):
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "hosts").touch()

    def file(*arms, fleet='[fleet]\ntask = "block_push"\n'):
        path = tmp_path / "fleet.toml"
        path.write_text(fleet + "".join(arms))
        return path

    return file


def test_a_whole_file_is_read(write, tmp_path):
    (tmp_path / "left.json").touch()
    first = arm({"keep_out": "[[0.0, 0.0, 0.1, 0.1]]"}, calibration='"left.json"', port="2222", table='"one"')
    path = write(first, arm({}, name='"right"', table='"one"', origin="[0.6, 0.0]"))
    settings = read_fleet_file(path)
    left, right = settings.arms
    assert settings.task == "block_push"
    assert left.place.address.key == tmp_path / "key"
    assert left.place.address.port == 2222
    assert left.place.limits.keep_out[0].right == 0.1
    assert left.calibration == tmp_path / "left.json"
    assert (right.place.address.port, right.origin, right.calibration) == (22, (0.6, 0.0), None)


@pytest.mark.parametrize(
    ("arms", "says"),
    [
        ([], "arm missing"),
        ([arm(hots='"x"')], "arm 'left': unknown key 'hots'; valid are calibration, command, host"),
        ([arm(host=None)], "host missing"),
        ([arm(host='""')], "host is ''"),
        ([arm(port="0")], "port is 0"),
        ([arm(port="true")], "port is True"),
        ([arm(key='"nowhere"')], "key is 'nowhere', but there is no file"),
        ([arm(known_hosts='"nowhere"')], "known_hosts is 'nowhere'"),
        ([arm(calibration='"nowhere"')], "calibration is 'nowhere'"),
        ([arm(), arm()], "arm 'left' is there twice"),
        ([arm(origin="[1]")], "origin is .1., but must be 2 numbers"),
        ([arm({"speed": "1"})], "limits: unknown key 'speed'"),
        ([arm({"longest": None})], "longest missing"),
        ([arm({"max_speed": '"fast"'})], "max_speed is 'fast'"),
        ([arm({"max_speed": "-1.0"})], "max_speed is -1.0"),
        ([arm({"max_speed": "nan"})], "max_speed is nan"),
        ([arm({"workspace": "[0, 0, 0, 0]"})], "empty"),
        ([arm({"workspace": "[0, 0, 1]"})], "workspace is .* 4 numbers"),
        ([arm({"keep_out": "[[1, 1, 2, 2]]"})], "keep_out 0 .* outside"),
        ([arm({"keep_out": "3"})], "keep_out is 3"),
        (
            [arm({}, table='"one"'), arm({}, name='"right"', table='"one"', origin="[0.5, 0]")],
            "workspaces of arms 'left' and 'right' overlap on table 'one'",
        ),
        ([arm({}, table='"one"'), arm(name='"right"', table='"one"')], "both need"),
    ],
)
def test_what_is_wrong_is_named(write, arms, says):
    path = write(*arms)
    with pytest.raises(SettingsError, match=says) as refused:
        read_fleet_file(path)
    assert str(path) in str(refused.value)


def test_a_key_that_others_can_read_is_refused(write, tmp_path):
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_fleet_file(write(arm()))


def test_files_that_are_none_are_named(write, tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_fleet_file(tmp_path / "nowhere.toml")
    with pytest.raises(SettingsError, match="no TOML"):
        read_fleet_file(write(fleet="[fleet"))
    with pytest.raises(SettingsError, match="unknown key 'fleets'"):
        read_fleet_file(write(arm(), fleet='[fleets]\ntask = "x"\n'))
    with pytest.raises(SettingsError, match="must be one"):
        read_fleet_file(write(fleet='arm = 3\n[fleet]\ntask = "x"\n'))
