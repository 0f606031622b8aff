"""What the author of a recipe works with: recipes, actions, plans, memory, texts, calendars."""
