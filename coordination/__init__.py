"""Who acts in concert, on what evidence, and could it be chance."""
