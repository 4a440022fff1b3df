"""What goes along with an evidence pack."""
