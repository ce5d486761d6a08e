"""What the account lets us do: its places, its pace, its money and its doubts."""
