-- The relay compares what it published with what the stream holds, every few seconds and over a week of events.

create index outbox_stream_seq on outbox (stream_seq) where stream_seq is not null;

-- Sequences begin again with every life of a stream: only those of events published since then are its own.
alter table stream_epoch add column entered_at timestamptz not null default '-infinity';

-- Making or dropping a day needs the whole table for a moment, and everything that writes an event waits behind that:
-- a long reader (a backup) makes it give up quickly and try again later.
alter function ensure_outbox_partitions() set lock_timeout = '200ms';
