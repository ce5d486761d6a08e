-- What was spent in a day is added up from an index alone, and what is not charged yet found by another.

CREATE INDEX submit_charged ON submit (intent_at, charge) WHERE charge IS NOT NULL;
CREATE INDEX submit_uncharged ON submit (intent_at) WHERE charge IS NULL;
