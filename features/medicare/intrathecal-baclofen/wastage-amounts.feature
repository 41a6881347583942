Feature: Medicare pays for discarded baclofen in whole units
  A container of baclofen for a pump serves one patient once. One unit is 10 mg. What was given is
  rounded up to whole units. What was thrown away is rounded down, and whole units of it are billed
  on a second line with the modifier JW. Where no whole unit was thrown away, there is one line, with
  JZ. For every container, the units given and the units thrown away then make the units on its label.

  Rule: A container that leaves less than one unit is billed on one line with JZ

    Scenario Outline: Less than one unit is left, and the line carries JZ
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units <units>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <units> units are allowed on line 1
      And rule jz-missing does not hold
      And rule jz-but-waste does not hold
      And rule waste-without-jw does not hold
      And rule jw-below-one-unit does not hold
      And rule administered-above-dose does not hold
      And rule billed-above-containers does not hold
      And rule billed-below-containers does not hold
      And rule amounts-do-not-add-up does not hold
      And there is no reason from rule billed-below-record

      Examples:
        | case                            | dose      | waste    | label | units |
        | one vial, all of it given       | 40 mg     | 0 mg     | 40 mg | 4     |
        | one vial, 4 mg left             | 36 mg     | 4 mg     | 40 mg | 4     |
        | one vial, 9 mg left             | 31 mg     | 9 mg     | 40 mg | 4     |
        | one vial, 1 mcg below a unit    | 30.001 mg | 9.999 mg | 40 mg | 4     |
        | one vial, 1 mcg left            | 39.999 mg | 0.001 mg | 40 mg | 4     |
        | two vials, all of them given    | 80 mg     | 0 mg     | 80 mg | 8     |
        | two vials, 8 mg left            | 72 mg     | 8 mg     | 80 mg | 8     |
        | a small ampule, 1 mg left       | 9 mg      | 1 mg     | 10 mg | 1     |
        | a small ampule, nearly all left | 1 mg      | 9 mg     | 10 mg | 1     |
        | a small ampule, all of it given | 10 mg     | 0 mg     | 10 mg | 1     |

    Scenario Outline: Less than one unit is left, and the line carries neither modifier
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units <units>
      And the drug lines carry no JZ
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule       | group | carc | rarc       | line |
        | jz-missing | CO    | 16   | N822 MA130 | 1    |

      Examples:
        | case                         | dose      | waste    | label | units |
        | one vial, all of it given    | 40 mg     | 0 mg     | 40 mg | 4     |
        | one vial, 4 mg left          | 36 mg     | 4 mg     | 40 mg | 4     |
        | one vial, 1 mcg below a unit | 30.001 mg | 9.999 mg | 40 mg | 4     |
        | two vials, 8 mg left         | 72 mg     | 8 mg     | 80 mg | 8     |
        | a small ampule, 1 mg left    | 9 mg      | 1 mg     | 10 mg | 1     |

    Scenario Outline: Less than one unit is left, and is billed with JW anyway
      The administered units, rounded up, already pay for it.

      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units <units>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And <units> units are allowed on line 1
      And line 2 is denied
      And the reason is CO 4 with N823 from rule jw-below-one-unit
      And rule jw-above-record does not hold

      Examples:
        | case                         | dose      | waste    | label | units |
        | one vial, nothing left       | 40 mg     | 0 mg     | 40 mg | 4     |
        | one vial, 4 mg left          | 36 mg     | 4 mg     | 40 mg | 4     |
        | one vial, 9 mg left          | 31 mg     | 9 mg     | 40 mg | 4     |
        | one vial, 1 mcg below a unit | 30.001 mg | 9.999 mg | 40 mg | 4     |
        | two vials, 8 mg left         | 72 mg     | 8 mg     | 80 mg | 8     |
        | a small ampule, 1 mg left    | 9 mg      | 1 mg     | 10 mg | 1     |

    Scenario: The reason names the amount that was too little
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units 4
      And it is known that the amount discarded is 4 mg
      When the claim is decided
      Then the reason is CO 4 with N823 from rule jw-below-one-unit
      And it says "4 mg (4000 mcg) were discarded, less than one unit of 10 mg (10000 mcg)"

  Rule: Each whole discarded unit is billed on a line of its own with JW

    Scenario Outline: One unit or more is left, and is billed beside what was given
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units <given>
      And line 2 has units <discarded>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      And it is known that the labeled total of the opened containers is <label>
      When the claim is decided
      Then it is approved
      And <given> units are allowed on line 1
      And <discarded> units are allowed on line 2
      And rule jz-missing does not hold
      And rule jw-below-one-unit does not hold
      And rule jw-above-record does not hold
      And rule jw-without-administered does not hold
      And rule administered-above-dose does not hold
      And rule billed-above-containers does not hold
      And rule billed-below-containers does not hold
      And there is no reason from rule billed-below-record

      Examples:
        | case                          | dose      | waste     | label | given | discarded |
        | one vial, exactly a unit left | 30 mg     | 10 mg     | 40 mg | 3     | 1         |
        | one vial, 12 mg left          | 28 mg     | 12 mg     | 40 mg | 3     | 1         |
        | one vial, 1 mcg below two     | 20.001 mg | 19.999 mg | 40 mg | 3     | 1         |
        | one vial, half of it left     | 20 mg     | 20 mg     | 40 mg | 2     | 2         |
        | one vial, 29 mg left          | 11 mg     | 29 mg     | 40 mg | 2     | 2         |
        | one vial, nearly all left     | 0.5 mg    | 39.5 mg   | 40 mg | 1     | 3         |
        | two vials, 10 mg left         | 70 mg     | 10 mg     | 80 mg | 7     | 1         |
        | a vial of 20 mg, half left    | 10 mg     | 10 mg     | 20 mg | 1     | 1         |

    Scenario Outline: More discarded units are billed than the record shows
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units <given>
      And line 2 has units <billed>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is partly approved
      And line 1 is approved
      And line 2 is reduced to <allowed> units
      And the reasons are
        | rule            | group | carc | rarc | line |
        | jw-above-record | CO    | 151  | N362 | 2    |

      Examples:
        | case                        | dose      | waste     | given | billed | allowed |
        | 12 mg rounded up            | 28 mg     | 12 mg     | 3     | 2      | 1       |
        | 1 mcg below two units       | 20.001 mg | 19.999 mg | 3     | 2      | 1       |
        | 29 mg rounded up            | 11 mg     | 29 mg     | 2     | 3      | 2       |
        | milligrams instead of units | 38 mg     | 12 mg     | 4     | 4      | 1       |

    Scenario: A second discarded unit that repeats what rounding up already paid for
      The label names 4 units; 3 given, rounded up, and 2 discarded would make 5.

      Given the example refill-with-waste of Medicare for J0945
      But line 2 has units 2
      And it is known that the dose administered is 28 mg
      And it is known that the amount discarded is 12 mg
      And it is known that the labeled total of the opened containers is 40 mg
      When the claim is decided
      Then line 1 is approved
      And line 2 is reduced to 1 unit
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | jw-above-record         | CO    | 151  | N362 | 2    |
        | billed-above-containers | CO    | 151  | N362 | 1 2  |

    Scenario: Fewer discarded units are billed than the record shows
      Only the biller loses by it, so it is an advisory note.

      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units 2
      And it is known that the dose administered is 20 mg
      And it is known that the amount discarded is 20 mg
      When the claim is decided
      Then it is approved
      And it advises by rule billed-below-record
      And it says "The record makes 2 billing units administered and 2 billing units discarded; billed are 2 billing units and 1 billing unit"

    Scenario: Fewer units are billed than the label of the opened container names
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units 2
      And it is known that the dose administered is 20 mg
      And it is known that the amount discarded is 20 mg
      And it is known that the labeled total of the opened containers is 40 mg
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | billed-below-containers | CO    | 16   | N822 | 1 2  |
      And it advises by rule billed-below-record

    Scenario Outline: A whole discarded unit is on no line
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units <given>
      And the drug lines carry no JZ
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule             | group | carc | rarc       | line |
        | waste-without-jw | CO    | 16   | N822 MA130 | 1    |
        | jz-missing       | CO    | 16   | N822 MA130 | 1    |
      And there is no reason from rule billed-below-record

      Examples:
        | case               | dose  | waste | given |
        | exactly one unit   | 30 mg | 10 mg | 3     |
        | two units          | 20 mg | 20 mg | 2     |
        | nearly three units | 11 mg | 29 mg | 2     |

    Scenario Outline: A whole unit was discarded, and the line says JZ
      JZ is a statement that nothing was discarded. The record contradicts it, and that is the one
      reason given: the missing JW does not count against the claim a second time.

      Given the example clean-refill of Medicare for J0945
      But the drug lines have units <billed>
      And it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is denied
      And the reason is CO 4 with N823 from rule jz-but-waste
      And rule waste-without-jw does not hold

      Examples:
        | case                              | dose  | waste | billed |
        | only what was given is billed     | 30 mg | 10 mg | 3      |
        | the whole vial is billed as given | 30 mg | 10 mg | 4      |
        | two units were discarded          | 20 mg | 20 mg | 4      |

    Scenario Outline: The smallest amount that counts as a discarded unit
      Given the example clean-refill of Medicare for J0945
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then units.expected_discarded is concluded to be <units>
      And it is <decision>

      Examples:
        | case                  | waste     | units | decision |
        | nothing               | 0 mg      | 0     | approved |
        | one microgram         | 1 mcg     | 0     | approved |
        | a microgram below one | 9.999 mg  | 0     | approved |
        | exactly one           | 10 mg     | 1     | denied   |
        | a microgram above one | 10.001 mg | 1     | denied   |
        | in micrograms         | 10000 mcg | 1     | denied   |
        | a microgram below two | 19999 mcg | 1     | denied   |
        | exactly two           | 0.02 g    | 2     | denied   |

  Rule: Administered units are the dose rounded up

    Scenario Outline: The dose makes all of the units billed
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units <units>
      And it is known that the dose administered is <dose>
      When the claim is decided
      Then it is approved
      And units.expected_administered is concluded to be <units>
      And <units> units are allowed on line 1
      And there is no reason from rule billed-below-record

      Examples:
        | case                       | dose            | units |
        | the least dose             | 1 mcg           | 1     |
        | a microgram below one unit | 9999 mcg        | 1     |
        | exactly one unit           | 10 mg           | 1     |
        | a microgram above one unit | 10.001 mg       | 2     |
        | exactly three units        | 30 mg           | 3     |
        | a hair above three units   | 30.000000001 mg | 4     |
        | exactly eight units        | 80 mg           | 8     |

    Scenario Outline: More units are billed than the dose makes
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units <billed>
      And it is known that the dose administered is <dose>
      When the claim is decided
      Then it is partly approved
      And line 1 is reduced to <allowed> units
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | administered-above-dose | CO    | 151  | N362 | 1    |

      Examples:
        | case                     | dose      | billed | allowed |
        | exactly one unit         | 10 mg     | 2      | 1       |
        | exactly three units      | 30 mg     | 4      | 3       |
        | a little above one unit  | 10.001 mg | 3      | 2       |
        | the vial instead of dose | 11 mg     | 4      | 2       |

    Scenario: The reduction states the dose and the units that it makes
      Given the example clean-refill of Medicare for J0945
      And it is known that the dose administered is 30 mg
      When the claim is decided
      Then it says "4 billing units are billed as administered; a dose of 30 mg (30000 mcg) makes 3 billing units, rounded up"

    Scenario: Too many administered units do not touch the discarded ones
      Given the example refill-with-waste of Medicare for J0945
      But line 1 has units 4
      And it is known that the dose administered is 28 mg
      And it is known that the amount discarded is 12 mg
      When the claim is decided
      Then line 1 is reduced to 3 units
      And line 2 is approved
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | administered-above-dose | CO    | 151  | N362 | 1    |

    Scenario: Fewer administered units are billed than the dose makes
      Given the example clean-refill of Medicare for J0945
      But the drug lines have units 3
      And it is known that the dose administered is 36 mg
      When the claim is decided
      Then it is approved
      And 3 units are allowed on line 1
      And it advises by rule billed-below-record

    Scenario: Nothing was given, and all of the vial was thrown away
      Given the example clean-refill of Medicare for J0945
      But the drug lines carry JW
      And it is known that the dose administered is 0 mg
      And it is known that the amount discarded is 40 mg
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                    | group | carc | rarc | line |
        | jw-without-administered | CO    | 107  | N161 | 1    |

  Rule: What the record alone can show is not asked of a bare claim, and its absence is written down

    Scenario: A claim with JZ says nothing of its dose
      Given the example clean-refill of Medicare for J0945
      And there are no earlier claims
      When the claim is decided
      Then it is approved
      And it asks nothing
      And it is assumed that rule jz-but-waste does not hold
      And it is assumed that rule administered-above-dose does not hold
      And it is assumed that rule billed-above-containers does not hold
      And it is assumed that rule billed-below-containers does not hold
      And it is assumed that rule amounts-do-not-add-up does not hold
      And rule waste-without-jw is not known

    Scenario: A claim with JW says nothing of its record
      Given the example refill-with-waste of Medicare for J0945
      When the claim is decided
      Then it is approved
      And it asks nothing
      And it is assumed that rule jw-below-one-unit does not hold
      And it is assumed that rule jw-above-record does not hold
      And it is assumed that rule jw-for-something-else does not hold
      And it is assumed that rule billed-above-containers does not hold

    Scenario: Nothing discarded is known, and that is not the same as not known
      Given the example clean-refill of Medicare for J0945
      And it is known that the amount discarded is 0 mg
      When the claim is decided
      Then it is approved
      And rule jz-but-waste does not hold
      And rule waste-without-jw does not hold
      And rule administered-above-dose is not known

    Scenario: The dose is known and the discarded amount is not
      Given the example clean-refill of Medicare for J0945
      And it is known that the dose administered is 36 mg
      When the claim is decided
      Then it is approved
      And rule administered-above-dose does not hold
      And it is assumed that rule jz-but-waste does not hold

    Scenario: What is missing is not invented: without a line the units are not known
      Given a claim to Medicare for J0945 on 2025-03-03
      And the claim has place of service 11
      And the diagnoses G82.51
      And it is known that the phase of therapy is refill
      And it is known that the dose administered is 36 mg
      When the claim is decided
      Then it is pended
      And it asks for the administered units billed
      And it asks for the discarded units billed

  Rule: Administered and discarded amounts differ from the labeled total

    Background:
      Given the example clean-refill of Medicare for J0945
      And it is known that the labeled total of the opened containers is 40 mg

    Scenario Outline: The three amounts of the record fit together
      Given it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is approved
      And rule amounts-do-not-add-up does not hold

      Examples:
        | case               | dose            | waste          |
        | whole milligrams   | 36 mg           | 4 mg           |
        | mixed units        | 36000 mcg       | 4 mg           |
        | tenths             | 39.9 mg         | 0.1 mg         |
        | very small amounts | 39.999999999 mg | 0.000000001 mg |

    Scenario Outline: The three amounts of the record do not fit together
      Given it is known that the dose administered is <dose>
      And it is known that the amount discarded is <waste>
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  | group | carc | rarc | line |
        | amounts-do-not-add-up |       |      |      | 1    |

      Examples:
        | case                     | dose  | waste    |
        | 1 mg is unaccounted for  | 36 mg | 3 mg     |
        | 1 mcg is unaccounted for | 36 mg | 3.999 mg |
        | 1 mcg too much           | 36 mg | 4.001 mg |
        | overfill is in the sum   | 40 mg | 1 mg     |
        | a thousandfold slip      | 36 mg | 4 mcg    |

    Scenario: The sentence names the three amounts
      Given it is known that the dose administered is 36 mg
      And it is known that the amount discarded is 3 mg
      When the claim is decided
      Then it says "The record shows 36 mg (36000 mcg) administered and 3 mg (3000 mcg) discarded, but containers of 40 mg (40000 mcg)"
