import os,sys,time
from time import sleep
try:
 import board
except Exception:
 pass
try:
 import digitalio
except Exception:
 pass
try:
 import analogio
except Exception:
 pass
try:
 from busio import I2C
except Exception:
 pass
try:
 from busio import SPI
except Exception:
 pass
