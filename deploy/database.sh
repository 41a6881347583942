#!/bin/sh
# Run once by the database's image, when its volume is empty: the role by which the service writes.
# It can append rows and read them; only the owner can do more. See docs/audit.md.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set database="$POSTGRES_DB" --set password="$(cat "$WRITER_PASSWORD_FILE")" <<'SQL'
CREATE ROLE writer LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE :"database" TO writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO writer;
SQL
