"""Views: results of the daemon or the tester as Rich renderables. Pure: a result in, something printable out."""
