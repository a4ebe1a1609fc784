"""The cache is bounded by bytes and forgets what was used longest ago."""

from flowlab.jobs.memory import ByteCache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: ByteCache[str] = ByteCache(30)
    for key in "abc":
        cache.put(key, key.upper(), 10)
    assert cache.get("a") == "A"  # now b is the oldest
    cache.put("d", "D", 10)
    assert [cache.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    assert cache.used == 30


def test_a_value_put_again_replaces_the_old_one_and_its_size() -> None:
    cache: ByteCache[str] = ByteCache(30)
    cache.put("a", "old", 25)
    cache.put("a", "new", 5)
    cache.put("b", "B", 25)
    assert (cache.get("a"), cache.get("b"), cache.used) == ("new", "B", 30)


def test_a_value_larger_than_the_cache_is_not_kept_and_pushes_nothing_out() -> None:
    cache: ByteCache[str] = ByteCache(30)
    cache.put("a", "A", 10)
    cache.put("huge", "H", 31)
    assert cache.get("huge") is None
    assert cache.get("a") == "A"
