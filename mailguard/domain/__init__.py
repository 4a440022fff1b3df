"""What mailguard knows and decides: frozen types and pure functions, standard library only."""
