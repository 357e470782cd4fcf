"""ABB YuMi: two arms over Robot Web Services, their twin, and what they push."""
