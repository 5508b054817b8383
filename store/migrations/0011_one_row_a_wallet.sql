-- A wallet is its number, by whichever of its names it was told of; id is its address once anybody said it.
ALTER TABLE wallets ADD COLUMN number bigint;
UPDATE wallets SET number = id::bigint WHERE id ~ '^[0-9]{1,18}$' OR (id ~ '^[0-9]{19}$' AND id <= '9223372036854775807');

-- The number of an address cannot be worked out here. Its row is written anew when the wallet is next seen.
DELETE FROM wallets WHERE number IS NULL;

ALTER TABLE wallets ALTER COLUMN number SET NOT NULL, DROP CONSTRAINT wallets_pkey, ADD PRIMARY KEY (number);
DROP INDEX wallets_by_address;
