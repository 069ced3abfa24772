"""How often a bound fails: thousands of data sets from problems whose risks are known, with the right way and the shortcuts."""
