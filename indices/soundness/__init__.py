"""What stands in the way of computing a design: contradictions, numbers out of bounds, declarations without effect."""
