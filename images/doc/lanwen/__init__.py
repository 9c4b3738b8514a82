"""嵐文公文: the fictitious county's document system."""
