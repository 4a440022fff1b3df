"""The tables of the settings file, by what they are about: one class a table, one field a key, each with its meaning."""
