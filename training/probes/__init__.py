"""What the tokens of a trained codec carry, shown by small networks that read them."""
