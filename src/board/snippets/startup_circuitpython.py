import os,sys,time
from time import sleep
try:
 import board
except ImportError:
 pass
try:
 import digitalio
except ImportError:
 pass
try:
 import analogio
except ImportError:
 pass
try:
 from busio import I2C
except ImportError:
 pass
try:
 from busio import SPI
except ImportError:
 pass
