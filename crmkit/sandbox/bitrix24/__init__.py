"""A Bitrix24 portal that follows the vendor's documents, also where they are unpleasant."""
