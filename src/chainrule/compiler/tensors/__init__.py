"""Machine code for programs of arrays of any rank."""
