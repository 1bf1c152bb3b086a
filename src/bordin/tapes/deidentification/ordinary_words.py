"""Ordinary English words that are also names, or lie one letter beside one.

A word of this list is never proposed as a misspelled name, and with a capital at the start of a sentence it is
a weaker hint. The list is short and our own; it need not be complete, as a person decides about each proposal.
"""

from __future__ import annotations

_ALSO_NAMES = """
amber amity angel april ash august autumn basil bath bill bishop black blake blue bob brook brown buck bud
bush butler carol carter chance charity chase christian clay cliff close cook cross crystal daisy dale dawn
day dean destiny dick dolly don drew duke earl eden ellis faith fern field fisher flora flower forest fox
frank gale gene gill ginger glen grace grant gray green grey guy hall harmony harper harry hazel heath
heather heaven hill holly hope house hunter iris ivy jack jasmine jay jean jersey jewel john joy jude june
king lake lance lane lily long love luck lucky mark marsh mason may melody mercy mike miles miller moon
nice nick nickel norm olive paige paris park pat patience pearl penny peg piper poppy price prudence ray
reading red reed rich ridge river rob robin rocky rod rose ruby rusty sandy savage scarlet scott shelly
sky smith sol stone storm sue summer sunny taylor teddy terry tony trinity turkey turner van victor victory
violet walker ward warren wells west white will willow winter wood young
"""

_NEAR_NAMES = """
zero seven eight nine eleven twelve thirteen fourteen fifteen twenty thirty forty fifty sixty seventy eighty ninety
hundred thousand
able about above across after again against ago alarm all almost alone along already also always among and
angry another any anybody anyone anything anyway anywhere are aren't around asked asking aunt away awful back
bad bank bark base be bear beat became because become bed been before began begin behind being believe bell
below beside best better between big bike bit bite body book both bored born boss bother bottom bought box
boy brain brave bread break bring broke brother brought build busy but buy by cake call called calm came can
can't card care cared careful carry case cause chair change chat check child choice city class clean clear
clinic close closer coffee cold come common cope corner could couldn't couple course cousin cried cry cut dad
daily damn dark date days dead deal dear decide deep depends diary did didn't different difficult dinner do
doctor does doesn't dog doing done don't door doubt down dream drink drive drop dying each ear early easier
easy eat eating either else empty end enjoy enough entire eve even evening ever every evidence exactly except
face fact fail fair fall family far fast father fault fear feed feel feeling fell felt few fill fill find fine
finish first fit five fix floor focus follow food foot for force forget form four free friend from front full
fun funny game gave get getting girl give given glad go goal god goes going gone gonna good got great group
grow had half hand handle hang happen happy hard has hate have having he head hear heard heart heavy held hell
hello help hence her here here's hers herself hi hid hide high him himself his hit hold hole home honest hour
how however huge human hurt husband idea if ill in inside instead into is isn't issue it it's itself job join
just keen keep kept kid kids kind knew know known lack lady land large last late later laugh lay lead learn
least leave left leg legs less let let's level lie life light like line list listen little live lived lives
lonely look looked lose lost lot lots loud low lower lunch mad made main major make maker making man manage
many matter maybe me mean means meant meet men mental met middle might mind mine minute miss mom moment month
mood more morning most mother mouth move much mum must my myself name near need needed never new next night no
nobody none noise normal nose not note nothing notice now number odd of off often oh okay old on once one only
open or order other our ours out outside over own pain part party past pay people perhaps person phone pick
piece place plain plan play please point poor power pretty problem push put quick quiet quite ran rather reach
read ready real really reason relax rest ride right ring road role room round rule run sad safe said same sat
save saw say saying says scared school second see seem seems seen self sell send sense set several shame share
she short should shouldn't show shower shut sick side sign simple since single sister sit size sleep slept slow
small smile so social some somebody someone something sometimes somewhere son soon sorry sort sound space speak
spend spoke spot stand start state stay steady step stick still stomach stop story straight strange strong stuck
study stuff such suppose sure take taken taking talk talked tall task teach tell ten tend test text than thank
thanks that that's the their them then there there's these they they're thing things think third this those
though thought three through tidy time times tired to today together told tomorrow tonight too took top total
touch toward trip true trust truth try trying turn twice two type under until up upset us use used usual usually
very visit voice wait wake walk wall want wanted warm was wasn't watch water way we we're week weird well went
were what what's when where whether which while who whole whom whose why wide wife wine wish with without woke
woman won won't wonder word words work worked world worry worse worst worth would wouldn't write wrong year yeah
years yep yes yesterday yet you you're young your yours yourself
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
september october november december christmas easter english
"""

ORDINARY = frozenset(_ALSO_NAMES.split()) | frozenset(_NEAR_NAMES.replace("'", "").split())
