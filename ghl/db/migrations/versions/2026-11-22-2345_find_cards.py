"""The search for cards by words, as one function: what may not be asked under row-level security with an index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

ARGUMENTS = (
    "terms jsonb, statuses text[], services text[], campuses text[], sources text[], first_time boolean,"
    " received_from timestamptz, received_before timestamptz, older_at timestamptz, older_id uuid,"
    " newer_at timestamptz, newer_id uuid, most integer"
)

# The words stand apart from the cards, because an index of their parts costs more to write than all others
# together, and a card is written anew with each change of its status. The number is among them, marked.
KEEP_WORDS = """
CREATE FUNCTION hub.keep_card_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.card_words (card_id, church_id, words)
        SELECT id, church_id, search || ' #' || number || ' ' FROM new_cards;
    ELSE
        UPDATE public.card_words SET words = NEW.search || ' #' || NEW.number || ' ' WHERE card_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_words_of_new AFTER INSERT ON cards REFERENCING NEW TABLE AS new_cards
    FOR EACH STATEMENT EXECUTE FUNCTION hub.keep_card_words();
CREATE TRIGGER keep_words_of_changed AFTER UPDATE OF search, number ON cards
    FOR EACH ROW WHEN (OLD.search IS DISTINCT FROM NEW.search OR OLD.number IS DISTINCT FROM NEW.number)
    EXECUTE FUNCTION hub.keep_card_words();
"""

# LIKE is not leakproof: under row-level security no index would be used for it. So the function reads as the
# owner, and takes the church from the transaction's own setting, never from who asks.
#
# It may not be slow for any question, so it never guesses what is rare:
#   1. a filter that leaves few cards is looked through whole;
#   2. else the newest cards are looked through, in the order of their index: what is common fills the page there;
#   3. else words that stand on few cards are found by the index of their parts;
#   4. else what is left is looked through, by the index alone.
FIND = f"""
CREATE FUNCTION hub.find_cards({ARGUMENTS})
RETURNS TABLE (received_at timestamptz, id uuid, status text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    few CONSTANT integer := 2000;
    far CONSTANT integer := 150000;
    church uuid := nullif(current_setting('app.org', true), '')::uuid;
    at timestamptz := coalesce(older_at, 'infinity');
    last_id uuid := coalesce(older_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    place text := 'church_id = $1 AND (received_at, id) < ($10, $11)';
    wanted text := 'true';
    spelt text := '';
    newest text := ' ORDER BY received_at DESC, id DESC';
    columns text := 'SELECT received_at, id, status';
    read text := 'SELECT received_at, id, status, number, service, campus, source, first_time, search FROM public.cards WHERE ';
    one_of text;
    one_spelt text;
    pattern text;
    stride integer := few;
    seen integer := 0;
    hits integer;
    n integer;
    ids uuid[];
BEGIN
    IF church IS NULL OR most < 1 THEN
        RETURN;
    END IF;
    IF received_from IS NOT NULL THEN place := place || ' AND received_at >= $8'; END IF;
    IF received_before IS NOT NULL THEN place := place || ' AND received_at < $9'; END IF;
    IF newer_at IS NOT NULL THEN place := place || ' AND (received_at, id) > ($12, $13)'; END IF;
    IF cardinality(statuses) > 0 THEN wanted := wanted || ' AND status = ANY ($3)'; END IF;
    IF cardinality(services) > 0 THEN wanted := wanted || ' AND service = ANY ($4)'; END IF;
    IF cardinality(campuses) > 0 THEN wanted := wanted || ' AND campus = ANY ($5)'; END IF;
    IF cardinality(sources) > 0 THEN wanted := wanted || ' AND source = ANY ($6)'; END IF;
    IF first_time IS NOT NULL THEN wanted := wanted || ' AND first_time = $7'; END IF;
    FOR term IN 0 .. jsonb_array_length(terms) - 1 LOOP
        IF terms->term->>'number' IS NOT NULL AND jsonb_array_length(terms->term->'like') = 0 THEN
            place := format('%s AND number = ($2->%s->>''number'')::bigint', place, term);
            CONTINUE;
        END IF;
        one_of := 'false';
        one_spelt := 'false';
        FOR i IN 0 .. jsonb_array_length(terms->term->'like') - 1 LOOP
            pattern := format('($2->%s->''like''->>%s)', term, i);
            one_of := one_of || ' OR search LIKE ' || pattern;
            one_spelt := one_spelt || ' OR words LIKE ' || pattern;
            -- What has no part of three signs that every server's index knows is not asked of it.
            IF (terms->term->'like'->>i) !~ '[a-z0-9]{{3}}|^% [a-z0-9]' THEN
                one_spelt := 'true';
                EXIT;
            END IF;
        END LOOP;
        IF terms->term->>'number' IS NOT NULL THEN
            one_of := format('%s OR number = ($2->%s->>''number'')::bigint', one_of, term);
            one_spelt := format('%s OR words LIKE ''%% #'' || ($2->%s->>''number'') || '' %%''', one_spelt, term);
        END IF;
        wanted := format('%s AND (%s)', wanted, one_of);
        IF one_spelt NOT LIKE 'true%' THEN
            spelt := format('%s AND (%s)', spelt, one_spelt);
        END IF;
    END LOOP;

    -- There is one card with a number.
    IF position('number =' IN place) > 0 THEN
        RETURN QUERY EXECUTE format('%s FROM public.cards WHERE %s AND %s LIMIT %s', columns, place, wanted, most)
            USING church, terms, statuses, services, campuses, sources, first_time, received_from, received_before,
                  at, last_id, newer_at, newer_id;
        RETURN;
    END IF;
    FOREACH one_of IN ARRAY ARRAY['status = ANY ($3)', 'service = ANY ($4)', 'campus = ANY ($5)'] LOOP
        CONTINUE WHEN position(one_of IN wanted) = 0;
        EXECUTE format('SELECT count(*) FROM (SELECT FROM public.cards WHERE %s AND %s LIMIT %s) AS x', place, one_of, few + 1)
            INTO n
            USING church, terms, statuses, services, campuses, sources, first_time, received_from, received_before,
                  at, last_id, newer_at, newer_id;
        IF n <= few THEN
            RETURN QUERY EXECUTE format(
                'WITH found AS MATERIALIZED (%s%s AND %s) %s FROM found WHERE %s%s LIMIT %s',
                read, place, one_of, columns, wanted, newest, most)
                USING church, terms, statuses, services, campuses, sources, first_time, received_from,
                      received_before, at, last_id, newer_at, newer_id;
            RETURN;
        END IF;
    END LOOP;

    FOR step IN 1 .. 2 LOOP
        RETURN QUERY EXECUTE format(
            '%s FROM (%s%s%s LIMIT %s) AS walk WHERE %s%s LIMIT %s',
            columns, read, place, newest, stride, wanted, newest, most - seen)
            USING church, terms, statuses, services, campuses, sources, first_time, received_from, received_before,
                  at, last_id, newer_at, newer_id;
        GET DIAGNOSTICS hits = ROW_COUNT;
        seen := seen + hits;
        IF seen >= most THEN
            RETURN;
        END IF;
        EXECUTE format('SELECT received_at, id FROM public.cards WHERE %s%s OFFSET %s LIMIT 1', place, newest, stride - 1)
            INTO at, last_id
            USING church, terms, statuses, services, campuses, sources, first_time, received_from, received_before,
                  at, last_id, newer_at, newer_id;
        IF at IS NULL THEN
            RETURN;
        END IF;
        EXIT WHEN hits < 3 OR (most - seen)::bigint * stride * 3 / 2 / hits > far;
        stride := (most - seen)::bigint * stride * 3 / 2 / hits;
    END LOOP;

    IF spelt <> '' THEN
        EXECUTE format('SELECT ARRAY(SELECT card_id FROM public.card_words WHERE church_id = $1%s LIMIT %s)', spelt, few + 1)
            INTO ids USING church, terms;
        IF cardinality(ids) <= few THEN
            RETURN QUERY EXECUTE format(
                'WITH found AS MATERIALIZED (%sid = ANY ($14) AND %s) %s FROM found WHERE %s%s LIMIT %s',
                read, place, columns, wanted, newest, most - seen)
                USING church, terms, statuses, services, campuses, sources, first_time, received_from,
                      received_before, at, last_id, newer_at, newer_id, ids;
            RETURN;
        END IF;
    END IF;
    RETURN QUERY EXECUTE format(
        '%s FROM (%s%s%s OFFSET 0) AS walk WHERE %s%s LIMIT %s',
        columns, read, place, newest, wanted, newest, most - seen)
        USING church, terms, statuses, services, campuses, sources, first_time, received_from, received_before,
              at, last_id, newer_at, newer_id;
END $function$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "card_words",
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_card_words_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_words_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_card_words")),
    )
    op.execute("ALTER TABLE card_words ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY church ON card_words TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("GRANT SELECT ON card_words TO hub_tenant")
    op.execute(KEEP_WORDS)
    op.execute(FIND)
    op.execute(f"REVOKE EXECUTE ON FUNCTION hub.keep_card_words(), hub.find_cards({_types()}) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION hub.find_cards({_types()}) TO hub_tenant")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(f"DROP FUNCTION hub.find_cards({_types()})")
    for trigger in ("keep_words_of_new", "keep_words_of_changed"):
        op.execute(f"DROP TRIGGER {trigger} ON cards")
    op.execute("DROP FUNCTION hub.keep_card_words()")
    op.drop_table("card_words")


def _types() -> str:
    return ", ".join(argument.split()[1] for argument in ARGUMENTS.split(", "))
