"""What stands behind *Add a card*, and what typing and reviewing have in common: one desk a person and tab."""
