print(hasattr(1 , "to_bytes"), 1 .to_bytes(2, "big"))
print((1.5) .__class__ is float, 2.
      .__class__ is float)
