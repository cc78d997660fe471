-- What `shomei migrate` makes, as the owner. The processes' role reads the stored events and calls one function;
-- it may neither write nor lock that table (R10.8). Everything is made anew only where it is missing.

create table if not exists stored_events (
    originator_id uuid not null,
    originator_version bigint not null,
    topic text not null,
    state bytea not null,
    notification_id bigserial not null,
    primary key (originator_id, originator_version)
);
create unique index if not exists stored_events_notification_id_idx on stored_events (notification_id);

-- One round trip: lock, so that ids rise in commit order (subscriptions and the Merkle tree rest on that), insert,
-- wake the listeners. A mere inserter may not lock the table, hence the definer's rights.
create or replace function append_events(ids uuid[], versions bigint[], topics text[], states bytea[])
returns setof bigint
language plpgsql
security definer
set search_path = public, pg_temp
set lock_timeout = '5s'
as $$
begin
    lock table stored_events in exclusive mode;
    notify stored_events;
    return query
        insert into stored_events (originator_id, originator_version, topic, state)
        select id, version, topic, state
        from unnest(ids, versions, topics, states) with ordinality as e (id, version, topic, state, place)
        order by place
        returning notification_id;
end
$$;

-- The vault: what must be erasable, and so never stands in the log (R2.3, R10.6).
create table if not exists vault_verifiers (
    owner uuid not null,
    version int not null,
    verifier text not null,
    primary key (owner, version)
);
create table if not exists vault_persons (
    subject uuid not null,
    version int not null,
    salt bytea not null,
    data bytea not null,
    primary key (subject, version)
);

-- Which stream a serial or a certificate leads to.
create table if not exists certificate_index (
    serial text primary key,
    fingerprint text unique,
    stream uuid not null
);

-- Plain state: passages from ④ to ⑧, log-ins. What they hold in secret is sealed under the cookie's key.
create table if not exists tickets (
    id text primary key,
    user_id text not null,
    opened_at timestamptz not null,
    password bytea,
    number int,
    sign_at timestamptz,
    failure text,
    stream uuid,
    package bytea,
    file_name text,
    issued_at timestamptz,
    gone boolean not null default false
);
create index if not exists tickets_stream_idx on tickets (stream) where stream is not null;
create table if not exists sessions (
    id text primary key,
    user_id text not null,
    role text not null,
    fingerprint text not null,
    began_at timestamptz not null,
    seen_at timestamptz not null,
    must_change_password boolean not null,
    replaced_another boolean not null,
    ended text
);
create index if not exists sessions_user_idx on sessions (lower(user_id)) where ended is null;
create index if not exists sessions_fingerprint_idx on sessions (fingerprint) where ended is null;

-- What one client address did lately (R3.10). Unlogged: after a crash the counting begins anew.
create unlogged table if not exists rate_counters (
    key text primary key,
    count int not null,
    until timestamptz not null
);
create index if not exists rate_counters_until_idx on rate_counters (until);
create unlogged table if not exists rate_user_ids (
    site text not null,
    user_id text not null,
    tries int not null, -- refused ones, and those under way
    until timestamptz not null,
    primary key (site, user_id)
);
create index if not exists rate_user_ids_until_idx on rate_user_ids (until);

-- Takes a place for a try, in one trip. Where `most` other user IDs hold one, nothing is taken, and the answer is when
-- the first of them comes free.
create or replace function take_a_place(of_site text, tried text, most int, at_time timestamptz, held_until timestamptz)
returns timestamptz
language plpgsql
set search_path = public, pg_temp
as $$
begin
    -- One at a time for a site: what others took is seen only once they have committed.
    perform pg_advisory_xact_lock(hashtextextended(of_site, 0));
    insert into rate_user_ids as r (site, user_id, tries, until)
    select of_site, tried, 1, held_until
    where most > (
        select count(*) from rate_user_ids where site = of_site and user_id <> tried and until > at_time
    )
    on conflict (site, user_id) do update
    set tries = case when r.until <= at_time then 1 else r.tries + 1 end, until = greatest(r.until, excluded.until);
    if found then
        return null;
    end if;
    return (select min(until) from rate_user_ids where site = of_site and user_id <> tried and until > at_time);
end
$$;

-- The read models: thrown away and rebuilt by the projector, which therefore owns what it makes there.
create schema if not exists views;
