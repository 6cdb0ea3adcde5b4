-- Sessions that expired are not reported as ended: their access tokens have expired with them. Reporting
-- them would fill the table and the memory of the gateways with sessions that nobody ended. The sweep
-- says so by a setting of its transaction, because the clock of the server may differ from that of the
-- service. The sweep of the previous release does not, and its sessions are still reported.
CREATE OR REPLACE FUNCTION sessions_record_end() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('storefront.sweep', true) = 'expired_sessions' THEN
        RETURN NULL;
    END IF;
    INSERT INTO ended_sessions (session_id) SELECT id FROM ended ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
