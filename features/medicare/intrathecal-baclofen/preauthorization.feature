Feature: Medicare: no preauthorization is asked for

  Original Medicare asks for no preauthorization of intrathecal baclofen, in no phase. To deny or to hold up
  a claim for the want of one would be a false denial, and an authorization that lies on file all the same
  neither harms nor helps.

  Rule: No phase needs preauthorization

    Scenario Outline: Nothing is on file, and nothing is denied or asked for it - <phase>
      Given the example authorized-refill of Medicare for J0945
      But it is known that the phase of therapy is <phase>
      And no authorization is on file
      When the claim is decided
      Then preauthorization.needed is concluded to be no
      And preauthorization.enforced is concluded to be no
      And rule preauthorization-needed does not hold
      And rule authorization-number-missing does not hold
      And there is no reason from rule authorization-number-missing

      Examples:
        | phase             |
        | trial             |
        | initial           |
        | refill            |
        | dose change       |
        | catheter revision |
        | replacement       |

    Scenario Outline: It does not matter to the decision whether one is on file - <phase>
      Given the example clean-refill of Medicare for J0945
      And the claim has plan P1
      And the claim has member id M1
      And the claim has birth date 1980-01-01
      And the claim has billing npi 1234567893
      And the drug lines have place of service 11
      And it is known that the phase of therapy is <phase>
      When the claim is decided
      Then it does not ask for authorization.on_file
      And it does not ask for the status of the authorization
      And it does not ask for authorization.emergency
      And it does not ask for the day on which the payer was notified
      And no rule denies it

      Examples:
        | phase             |
        | trial             |
        | initial           |
        | refill            |
        | dose change       |
        | catheter revision |
        | replacement       |

    Scenario: While the phase is not known preauthorization is not needed either
      Given the example authorized-refill of Medicare for J0945
      But nothing is known about the phase of therapy
      And no authorization is on file
      When the claim is decided
      Then preauthorization.needed is concluded to be no
      And rule preauthorization-needed does not hold

  Rule: Each phase is paid without an authorization

    Scenario Outline: Nothing clinical is asked after the implant - <phase>
      Given the example authorized-refill of Medicare for J0945
      But it is known that the phase of therapy is <phase>
      And no authorization is on file
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And it asks nothing

      Examples:
        | phase             |
        | refill            |
        | dose change       |
        | catheter revision |

    Scenario: A screening trial
      Given the example screening-dose of Medicare for J0945
      And the claim says
        | field            | value      |
        | plan             | P1         |
        | member id        | M1         |
        | birth date       | 1980-01-01 |
        | billing npi      | 1234567893 |
        | place of service | 11         |
      And no authorization is on file
      When the claim is decided
      Then it is approved
      And it asks nothing

    Scenario: The pump and its first fill
      Given the example authorized-refill of Medicare for J0945
      But these facts
        | fact                                             | value      |
        | the phase of therapy                             | initial    |
        | the outcome of oral antispasmodics               | inadequate |
        | the length of oral therapy                       | 6 weeks    |
        | the date of the screening trial                  | 2025-02-01 |
        | the response to the screening trial              | favorable  |
        | the date of the pump implant                     | 2025-03-03 |
        | allergy or hypersensitivity to baclofen          | no         |
        | an active infection                              | no         |
        | a body too small for the pump                    | no         |
        | another programmable device that could interfere | no         |
      And no authorization is on file
      When the claim is decided
      Then it is approved
      And it asks nothing

    Scenario: A replacement pump
      Given the example authorized-refill of Medicare for J0945
      But it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is end of battery
      And no authorization is on file
      When the claim is decided
      Then it is approved
      And it asks nothing

  Rule: What is on file, or is not, does not count against the claim

    Scenario: The claim gives a number under which nothing is on file
      Given the example authorized-refill of Medicare for J0945
      And the claim has authorization number A-100
      And no authorization is on file
      When the claim is decided
      Then it is approved
      And rule authorization-absent does not hold

    Scenario Outline: The authorization on file <what is wrong>
      Given the example clean-refill of Medicare for J0945
      And the claim says
        | field                | value      |
        | plan                 | P1         |
        | member id            | M1         |
        | birth date           | 1980-01-01 |
        | billing npi          | 1234567893 |
        | authorization number | A-100      |
      And the drug lines have place of service 11
      And these facts
        | fact                                         | value      |
        | an authorization is on file                  | yes        |
        | the authorization                            | A-100      |
        | the status of the authorization              | approved   |
        | the payer that gave the authorization        | medicare   |
        | the plan of the authorization                | P1         |
        | the member of the authorization              | M1         |
        | the provider of the authorization            | 1234567893 |
        | the codes of the authorization               | J0945      |
        | the first day of the authorization           | 2025-01-01 |
        | the last day of the authorization            | 2025-12-31 |
        | the units authorized                         | 40         |
        | the units already used                       | 0          |
        | the day on which authorization was requested | 2024-12-20 |
      And it is known that <fact> is <value>
      When the claim is decided
      Then it is approved
      And 4 units are allowed on line 1
      And it asks nothing
      And rule <rule> does not hold

      Examples:
        | what is wrong          | fact                                         | value             | rule                               |
        | is not decided yet     | the status of the authorization              | pending           | authorization-pending              |
        | was refused            | the status of the authorization              | refused           | authorization-refused              |
        | was cancelled          | the status of the authorization              | cancelled         | authorization-cancelled            |
        | is another member's    | the member of the authorization              | M2                | authorization-for-another-member   |
        | is of another plan     | the plan of the authorization                | P2                | authorization-of-another-plan      |
        | is of another payer    | the payer that gave the authorization        | commercial-strict | authorization-of-another-plan      |
        | is for another service | the codes of the authorization               | J0475             | authorization-for-another-service  |
        | is another provider's  | the provider of the authorization            | 9876543210        | authorization-for-another-provider |
        | has expired            | the last day of the authorization            | 2025-03-02        | authorization-expired              |
        | has not begun          | the first day of the authorization           | 2025-03-04        | authorization-not-begun            |
        | is years old           | the first day of the authorization           | 2020-01-01        | refill-authorization-too-old       |
        | was asked for too late | the day on which authorization was requested | 2025-03-04        | authorization-requested-late       |
        | has no units left      | the units already used                       | 40                | authorization-units-exceeded       |

    Scenario: No note asks for the number of an authorization that is not needed
      Given the example authorized-refill of Medicare for J0945
      When the claim is decided
      Then it is approved
      And there is no reason from rule authorization-number-not-on-claim

    Scenario: An emergency has nothing to excuse
      Given the example authorized-refill of Medicare for J0945
      And the claim has authorization number A-100
      And it is known that authorization.emergency is yes
      And it is known that the day on which the payer was notified is 2025-06-30
      And no authorization is on file
      When the claim is decided
      Then it is approved
      And preauthorization.excused is concluded to be no
      And rule emergency-excuses does not hold

  Rule: An authorization that was not required does not show that the drug was necessary

    Scenario: A replacement of a working pump is denied
      Given the example authorized-refill of Medicare for J0945
      And the claim has authorization number A-100
      And it is known that the phase of therapy is replacement
      And it is known that the reason for the replacement is upgrade
      When the claim is decided
      Then it is recommended for denial
      And authorization.matches is concluded to be no
      And the reasons are
        | rule                   | group | carc | rarc | line |
        | replacement-not-needed | CO    | 50   | N661 | 1    |

    Scenario: A first fill still waits for the clinical record
      Given the example authorized-refill of Medicare for J0945
      And the claim has authorization number A-100
      And it is known that the phase of therapy is initial
      When the claim is decided
      Then it is pended
      And no rule denies it
      And it asks for the response to the screening trial
      And it asks for the outcome of oral antispasmodics
