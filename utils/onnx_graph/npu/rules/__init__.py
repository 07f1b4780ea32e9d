"""Rules of operator tables, by what they look at; a module registers its rules at import."""
