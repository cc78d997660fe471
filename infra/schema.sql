-- What `shomei migrate` makes, as the owner. The processes' role reads the stored events and calls one function;
-- it may neither write nor lock that table (R10.8). Everything is made anew only where it is missing. All of it runs
-- in one transaction behind locks on the tables that there are, and only where this file has changed (infra/migration.py).

-- For which form of all this a role was prepared.
create table if not exists schema_marks (
    role text primary key,
    mark text not null
);

create table if not exists stored_events (
    originator_id uuid not null,
    originator_version bigint not null,
    topic text not null,
    state bytea not null,
    notification_id bigserial not null,
    primary key (originator_id, originator_version)
);
create unique index if not exists stored_events_notification_id_idx on stored_events (notification_id);
-- For the list of revoked certificates, in the order of the log.
create index if not exists stored_events_revoked_idx on stored_events (notification_id)
    where topic like 'certificate.revoked.%';
revoke all on stored_events from public;

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
    -- Whoever keeps signed OCSP answers drops those of the certificate (R4.10).
    perform pg_notify('certificate_revoked', id::text)
    from unnest(ids, topics) as e (id, topic) where topic like 'certificate.revoked.%';
    return query
        insert into stored_events (originator_id, originator_version, topic, state)
        select id, version, topic, state
        from unnest(ids, versions, topics, states) with ordinality as e (id, version, topic, state, place)
        order by place
        returning notification_id;
end
$$;
-- Whoever may execute it writes as the owner, and everybody may until told otherwise.
revoke all on function append_events from public;

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
-- The end of the certificate, as planned: when it need not be listed as revoked any more.
alter table certificate_index add column if not exists not_after timestamptz;
-- The key identifier of the authority that it was planned for; where that is null, any may answer for it.
alter table certificate_index add column if not exists authority text;
create index if not exists certificate_index_authority_idx on certificate_index (authority, not_after);

-- The list of revoked certificates that is published now, by the key identifier of its authority, in parts that can be
-- written one by one. `position` is that of the last revocation on it.
create table if not exists revocation_lists (
    authority text primary key,
    number bigint not null,
    this_update timestamptz not null,
    next_update timestamptz not null,
    sha256 text not null,
    position bigint not null
);
create table if not exists revocation_list_parts (
    authority text not null,
    place int not null,
    content bytea not null,
    primary key (authority, place)
);
alter table revocation_list_parts alter column content set storage external; -- random octets: nothing to compress

-- Plain state: passages from ④ to ⑧, log-ins. What they hold in secret is sealed under the cookie's key.
create table if not exists tickets (
    id text primary key,
    user_id text not null,
    opened_at timestamptz not null,
    password bytea,
    number int,
    started_at timestamptz,
    sign_at timestamptz,
    failure text,
    stream uuid,
    package bytea,
    file_name text,
    issued_at timestamptz,
    gone boolean not null default false
);
alter table tickets add column if not exists started_at timestamptz;
-- The number of the code by mail that it waits for (R5.7), and the codes: one alive for each account.
alter table tickets add column if not exists code int;
create table if not exists issuance_codes (
    owner uuid primary key,
    number int not null,
    code text not null
);
alter table issuance_codes add column if not exists until timestamptz;
create index if not exists tickets_stream_idx on tickets (stream) where stream is not null;
-- Browsers in which a letter's initial password was right; what was typed since is sealed under the cookie's key.
create table if not exists registrations (
    id text primary key,
    organization text not null,
    credential int not null,
    opened_at timestamptz not null,
    profile bytea,
    user_id text -- once registered
);
create index if not exists registrations_opened_idx on registrations (opened_at);
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

-- What one client address did lately (R3.10). Unlogged: after a crash the counting begins anew. Addresses and user IDs
-- are hashed under this database's own key (256 bits, of which 244 are random).
create table if not exists rate_key (
    single boolean primary key default true check (single),
    key bytea not null
);
insert into rate_key (key) values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) on conflict do nothing;
create unlogged table if not exists rate_counters (
    key text primary key,
    count int not null,
    until timestamptz not null
);
create index if not exists rate_counters_until_idx on rate_counters (until);
create unlogged table if not exists rate_user_ids (
    site text not null,
    user_id text not null,
    tries int not null, -- under way
    until timestamptz not null, -- when these count no longer
    failed_until timestamptz, -- when the last refused one counts no longer
    primary key (site, user_id)
);
alter table rate_user_ids add column if not exists failed_until timestamptz;
create index if not exists rate_user_ids_until_idx on rate_user_ids (until);

-- Takes a place for a try, in one trip, and then answers null. Where `most` other user IDs hold one nothing is taken, and
-- the answer is when the first of them comes free; `at_time` itself where some are only under way, and may succeed.
create or replace function take_a_place(of_site text, tried text, most int, at_time timestamptz, held_until timestamptz)
returns timestamptz
language plpgsql
set search_path = public, pg_temp
set lock_timeout = '5s'
as $$
begin
    -- One at a time for a site: what others took is seen only once they have committed.
    perform pg_advisory_xact_lock(hashtextextended(of_site, 0));
    insert into rate_user_ids as r (site, user_id, tries, until)
    select of_site, tried, 1, held_until
    where most > (
        select count(*) from rate_user_ids
        where site = of_site and user_id <> tried and (tries > 0 and until > at_time or failed_until > at_time)
    )
    on conflict (site, user_id) do update
    set tries = case when r.until <= at_time then 1 else r.tries + 1 end, until = greatest(r.until, excluded.until);
    if found then
        return null;
    end if;
    return (
        select case when count(*) < most then at_time else min(failed_until) end from rate_user_ids
        where site = of_site and user_id <> tried and failed_until > at_time
    );
end
$$;

-- Which token a secret is (R9.4): the secret has 256 random bits, so its SHA-256 needs no salt.
create table if not exists api_tokens (
    hash text primary key,
    token_id text not null unique,
    place bigint generated always as identity
);

-- Which worker is at which mail, and when it is tried next (R8.3). A row goes with the mail's end.
create table if not exists mail_claims (
    notification uuid primary key,
    due_at timestamptz not null,
    attempts int not null default 0
);
create index if not exists mail_claims_due_idx on mail_claims (due_at);

-- The read models: thrown away and rebuilt by the projector, which therefore owns what it makes there.
create schema if not exists views;
