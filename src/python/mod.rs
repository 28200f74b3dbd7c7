//! Python as text: tokens, bodies, minifying, tracebacks. Knows nothing of links or scripts.
