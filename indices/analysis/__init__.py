"""What an index is made of: statistics, correlations, components, what leaving something out does, who is near whom."""
