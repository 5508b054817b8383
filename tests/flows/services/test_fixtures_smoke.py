import psycopg, redis
def test_a(database_url, clean_redis_url):
    with psycopg.connect(database_url) as c:
        print(c.execute("select current_database(), version()").fetchone())
        c.execute("create table t(a int)")
    with redis.Redis.from_url(clean_redis_url) as r:
        r.set("a", 1)
def test_b(database_url, clean_redis_url):
    with psycopg.connect(database_url) as c:
        c.execute("create table t(a int)")
    with redis.Redis.from_url(clean_redis_url) as r:
        assert r.get("a") is None
